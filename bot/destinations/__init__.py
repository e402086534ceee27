"""Places to post, each alone in its file, behind the `Destination` port."""
