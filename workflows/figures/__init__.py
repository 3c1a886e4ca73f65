"""Figures only the process knows: how long steps took, how many wait."""
