"""Measuring on invented data: steps of a case, people at work in a large house, and houses of several sizes beside one another."""
