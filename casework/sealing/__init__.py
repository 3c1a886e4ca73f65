"""Encryption of personal data: the keyring and the seal."""
