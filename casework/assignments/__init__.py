"""The part of a case that one agency owes: distributed, taken on, handed back, moved, extended."""
