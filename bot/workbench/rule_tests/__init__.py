"""Tests that admins write for their rules: read from YAML, run on the real pieces, reported. Posts nothing."""
