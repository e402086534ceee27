"""One verdict per match: fire, or be quiet for a named reason. Pure."""
