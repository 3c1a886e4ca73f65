"""From an outbox row to the people and channels it goes out by: routing, choices, quiet hours, attempts."""
