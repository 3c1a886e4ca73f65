"""One-time links: a body outside, without an account, reads what it is asked and answers once (docs/doors.md)."""
