"""Proving that a telephone number or address is the person's, links to a report, and senders who are blocked."""
