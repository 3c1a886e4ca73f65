"""Webhooks (Standard Webhooks 1.0.0): what happens here is told to other systems, thin, signed, in order, at least once."""
