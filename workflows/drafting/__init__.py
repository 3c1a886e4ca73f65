"""Drafts of a process: saved, renamed, approved, listed."""
