"""All views of the door, by one blueprint."""

from web.open311 import filing, requests, services, updates
from web.open311.door import bp

__all__ = ["bp", "filing", "requests", "services", "updates"]
