"""Any JSON feed by YAML: a map says where in a frame each fact of a print stands. Pure; knows no socket and no file."""
