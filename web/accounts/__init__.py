"""Signing in and one's own account: passwords, codes, passkeys, other providers, contacts and what is sent to them."""
