"""What lets colleagues work on the same cases: who has one open now, and what concerns a person, read on every device of theirs."""
