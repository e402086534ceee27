"""Facts about a print: what follows from what the feed sent. Pure."""
