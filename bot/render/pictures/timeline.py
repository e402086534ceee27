def timeline_png(): pass
