"""How long steps took, which ways cases went, whether the live model allows them, and the event log for other programs."""
