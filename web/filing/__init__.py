"""The form of a new report, and what it answers to one that was sent."""
