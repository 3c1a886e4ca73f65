"""The pages under /studio."""
