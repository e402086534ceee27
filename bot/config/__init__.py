"""Reads YAML into checked settings: every problem at once, each with file, line and column. Knows no room's settings."""
