"""The ground under the demonstration's maps: boundaries of its communes, and a schematic layer.

Both lie beside the other tables of the demonstration. The boundaries and those of the neighbours in the layer are of
vietnamese-provinces-database (MIT, demo_boundaries.LICENSE), some points of GeoNames (CC BY 4.0); the rest was drawn by hand and is
not surveyed.
"""

from datetime import datetime
from importlib import resources

from casework.files.local import FileStore
from casework.files.under_maps import SKETCH, GroundFile
from casework.local_time import local_day
from casework.permissions import actor_for
from casework.places.boundaries import check_boundaries
from casework.settings.boundary_import import import_boundaries, plan_import
from casework.settings.ground_loading import name_ground_file, stored_sketch
from web.demo.people import staff_account

BOUNDARIES, LAYER = "demo_boundaries.geojson", "demo_sketch.geojson"
SOURCE = "vietnamese-provinces-database, © 2021 Thang Le Quoc (MIT)"
ATTRIBUTION = "Ranh giới: Thang Le Quoc (MIT) · GeoNames (CC BY 4.0)"
REASON = "Để bản đồ minh họa có ranh giới xã, đường và hồ."
ADMINISTRATOR = "quantri"


def draw_ground(store: FileStore) -> GroundFile:
    """Store the schematic layer; it is named in the transaction that makes the demonstration."""
    return stored_sketch(_read(LAYER), store=store, attribution=ATTRIBUTION)


def lay_ground(layer: GroundFile, *, now: datetime) -> None:
    """Take the boundaries over and put the layer under the maps."""
    by = actor_for(staff_account(ADMINISTRATOR), now=now)
    plan = plan_import(check_boundaries(_read(BOUNDARIES)), by=by, on=local_day(now))
    import_boundaries(plan, by=by, now=now, source=SOURCE, reason=REASON)
    name_ground_file(SKETCH, layer, by=by, now=now, reason=REASON)


def _read(name: str) -> bytes:
    return resources.files("casework").joinpath("seed_data", name).read_bytes()
