"""What the door can do, as programs ask it before they begin."""

from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from casework.doors.gates import Door
from casework.permissions import Action
from web.door_keys import through_door
from web.scim.door import address_of, answered, bp, listed
from web.scim.schemas import USER, resource_type, service_provider_config, user_schema


@bp.get("/ServiceProviderConfig")
@through_door(Door.SCIM, Action.MANAGE_PEOPLE)
def config() -> ResponseReturnValue:
    return answered(service_provider_config(address_of("ServiceProviderConfig")))


@bp.get("/ResourceTypes")
@through_door(Door.SCIM, Action.MANAGE_PEOPLE)
def resource_types() -> ResponseReturnValue:
    return listed([resource_type(address_of("ResourceTypes", "User"))], total=1)


@bp.get("/ResourceTypes/<name>")
@through_door(Door.SCIM, Action.MANAGE_PEOPLE)
def one_resource_type(name: str) -> ResponseReturnValue:
    if name != "User":
        raise NotFound
    return answered(resource_type(address_of("ResourceTypes", "User")))


@bp.get("/Schemas")
@through_door(Door.SCIM, Action.MANAGE_PEOPLE)
def schemas() -> ResponseReturnValue:
    return listed([user_schema(address_of("Schemas", USER))], total=1)


@bp.get("/Schemas/<name>")
@through_door(Door.SCIM, Action.MANAGE_PEOPLE)
def schema(name: str) -> ResponseReturnValue:
    if name != USER:
        raise NotFound
    return answered(user_schema(address_of("Schemas", USER)))
