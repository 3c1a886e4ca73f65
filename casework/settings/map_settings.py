"""The base map of a centre or of the installation: its three values change together, because tiles need their source shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from casework.permissions import Actor
from casework.setting_values import VALUES, ValueRefused, value_of
from casework.settings.value_changes import set_value
from casework.text import normal
from casework.tile_addresses import ADDRESS, SOURCE, source_fault

KEYS = (ADDRESS, SOURCE, "map_tile_max_zoom")


def set_base_map(typed: Mapping[str, str], *, by: Actor, now: datetime, centre_id: int | None, reason: str) -> int:
    """Set the values that differ and return how many, each with an event `change_setting`.

    Raises ValueRefused for an address that cannot be used and for tiles without their source, ReasonMissing, NotAllowed.
    """
    read = {key: _read(key, typed.get(key, "")) for key in KEYS}
    if (fault := source_fault(read[ADDRESS], read[SOURCE])) is not None:
        raise ValueRefused(*fault, about=SOURCE)
    # the source is set before the tiles and removed after them
    order = sorted(KEYS, key=lambda key: key == ADDRESS, reverse=not read[ADDRESS])
    changed = [key for key in order if value_of(key, centre_id) != read[key]]
    for key in changed:
        set_value(key, typed.get(key, ""), by=by, now=now, reason=reason, centre_id=centre_id)
    return len(changed)


def _read(key: str, typed: str) -> Any:
    try:
        return VALUES[key].read(normal(typed))
    except ValueRefused as refused:
        raise ValueRefused(*refused.text, about=key) from None
