"""Doors to other systems: which are open, service accounts and their keys, what they may do and how often, and in whose name."""
