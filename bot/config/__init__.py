"""Reads YAML into checked settings: every problem at once, with its place. Knows no room's settings."""
