"""Checks of circles in a process: endless ones, ones without a choice, ones a timer drives."""
