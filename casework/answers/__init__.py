"""Answers of agencies: written, submitted, approved or sent back, with the templates officers keep."""
