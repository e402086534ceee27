"""Options-flow feeds, each alone in its file, behind the `Provider` port."""
