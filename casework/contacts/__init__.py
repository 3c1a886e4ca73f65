"""Proving that a telephone number or address is the person's, ways in, and senders who are blocked."""
