"""The pages of second factors: the second step of signing in, one's own factors, and proving once more who one is."""
