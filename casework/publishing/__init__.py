"""Answers made public, corrected, taken back, and rated by the reporter."""
