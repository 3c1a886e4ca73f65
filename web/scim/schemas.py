"""What the door says of itself (RFC 7643, sections 5 to 7): what it can do, its one type of resource, and that type's attributes."""

from typing import Any

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_CORE = "urn:ietf:params:scim:schemas:core:2.0:"
MOST_LISTED = 200


def _attribute(name: str, description: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": name, "type": kind, "multiValued": False, "description": description, "required": False, "mutability": "readWrite",
        "returned": "default", **more,
    }  # fmt: skip
    return {**({"caseExact": False, "uniqueness": "none"} if kind == "string" else {}), **said}


ATTRIBUTES: list[dict[str, Any]] = [
    _attribute("userName", "The name the person signs in by here: small letters, digits, dots and hyphens. It stays.",
               required=True, mutability="immutable", uniqueness="server"),
    _attribute("displayName", "The full name, which the person signs with. The same as name.formatted; it goes before that one.",
               required=True),
    _attribute("name", "The full name.", "complex", required=True, subAttributes=[
        _attribute("formatted", "The same as displayName; one of the two is enough.", required=True)]),
    _attribute("title", "What the person is called by their office, in Vietnamese."),
    _attribute("active", "Whether the account is open. Without it a new one is.", "boolean", required=True),
    _attribute("emails", "The official address; others are not kept.", "complex", multiValued=True, subAttributes=[
        _attribute("value", "The address."),
        _attribute("type", "Always work.", canonicalValues=["work"])]),
]  # fmt: skip


def service_provider_config(address: str) -> dict[str, Any]:
    return {
        "schemas": [f"{_CORE}ServiceProviderConfig"], "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": MOST_LISTED}, "changePassword": {"supported": False}, "sort": {"supported": False},
        "etag": {"supported": True},
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "Key of a service account", "primary": True,
            "description": "Authorization: Bearer with a key made by an administrator of the centre.",
        }],
        "meta": {"resourceType": "ServiceProviderConfig", "location": address},
    }  # fmt: skip


def resource_type(address: str) -> dict[str, Any]:
    return {
        "schemas": [f"{_CORE}ResourceType"], "id": "User", "name": "User", "endpoint": "/Users", "description": "A member of staff",
        "schema": USER, "meta": {"resourceType": "ResourceType", "location": address},
    }  # fmt: skip


def user_schema(address: str) -> dict[str, Any]:
    return {
        "schemas": [f"{_CORE}Schema"], "id": USER, "name": "User", "description": "A member of staff; roles are given by people",
        "attributes": ATTRIBUTES, "meta": {"resourceType": "Schema", "location": address},
    }  # fmt: skip
