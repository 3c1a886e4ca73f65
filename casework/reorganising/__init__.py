"""Reorganisations: planned, tried, done and undone (rules.md, section 8)."""
