"""Verifying, classifying and refusing what came in, with suggestions and warnings about personal data."""
