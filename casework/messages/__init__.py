"""From an outbox row to people and channels: routing, choices, quiet hours, attempts."""
