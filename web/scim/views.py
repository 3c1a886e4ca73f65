"""All views of the door, by one blueprint."""

from web.scim import discovery, users
from web.scim.door import bp

__all__ = ["bp", "discovery", "users"]
