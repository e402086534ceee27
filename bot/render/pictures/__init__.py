"""Flow as pictures, each with the same said in words. Painting takes tens of milliseconds: callers use a thread.

Importing this loads no Pillow; the first picture does.
"""

from bot.render.pictures.heatmap import heatmap_png
from bot.render.pictures.timeline import timeline_png

__all__ = ["heatmap_png", "timeline_png"]
