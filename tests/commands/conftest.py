"""Imports discord.py once for this room, because its import warns."""

import warnings

with warnings.catch_warnings():
    # discord.player imports audioop at the top, whether voice is used or not; Python 3.11 and 3.12 deprecate it.
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import discord  # noqa: F401 only for its side effect
