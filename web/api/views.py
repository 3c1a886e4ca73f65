"""The module of the blueprint: every view of the API is declared by importing these."""

from web.api import acts, lists, photos, reading, schema
from web.api.door import bp

__all__ = ["acts", "bp", "lists", "photos", "reading", "schema"]
