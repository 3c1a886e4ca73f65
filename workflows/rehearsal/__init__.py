"""Trying a version before it counts: stored scenarios, and the closed cases of a period replayed through it."""
