"""Versions of models and tables: which is live, where their steps come from, what happened to them."""
