"""What members of staff read of one case: its history, its exchanges with the reporter, its search, and what may be done with it."""
