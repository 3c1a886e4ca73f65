"""Removing content: erasing what nobody may keep, and setting a case apart so that almost nobody reads it."""
