"""Reorganisations: planning, trying, doing and undoing them (rules.md, section 8)."""
