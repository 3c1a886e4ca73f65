"""Serving: the servers, health and metrics."""
