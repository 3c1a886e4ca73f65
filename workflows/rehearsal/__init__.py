"""Trying a version before it goes live: recorded scenarios, and the closed cases of a period replayed through it."""
