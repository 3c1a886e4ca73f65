"""Notes inside the centre and its agencies, mentions of colleagues, and directives of the committee."""
