"""Traders' questions: one platform-neutral core, two thin adapters."""
