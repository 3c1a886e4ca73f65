"""The module of the blueprint: every view of the API is declared by importing these."""

from web.api import acts, documents, endpoints, events, filing, lists, photos, reading, schema, statistics
from web.api.door import bp

__all__ = ["acts", "bp", "documents", "endpoints", "events", "filing", "lists", "photos", "reading", "schema", "statistics"]
