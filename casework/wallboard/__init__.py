"""Televisions of a centre: which there are and what they show."""
