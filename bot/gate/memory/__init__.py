"""Rules with memory: what a rule has seen beside the print at hand, bounded, on the prints' own time. Pure."""
