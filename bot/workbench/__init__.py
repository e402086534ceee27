"""Feeds without keys: a seeded market, both providers' protocols served locally, the demo."""
