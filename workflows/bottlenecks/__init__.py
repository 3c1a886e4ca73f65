"""Bottlenecks: how long steps took, which ways cases went, whether the live model allows them, and the log for other programs."""
