"""The command `langbiang base-map`: what lies under the points of every map, loaded, shown and removed on the server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from web.commands.console import AT_THE_SERVER, ready_app

if TYPE_CHECKING:
    from flask import Flask

    from casework.files.under_maps import GroundFile

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
WORDS = {"ground_tiles": "tile file", "ground_sketch": "schematic layer"}
NAMES = {"tiles": "ground_tiles", "sketch": "ground_sketch"}
LARGEST_TILES = 4_000_000_000
"""Bytes of a tile file: all of Vietnam has two thirds of it."""


@click.group("base-map")
def base_map() -> None:
    """Roads, water and names under the points of every map (docs/base-map.md)."""


@base_map.command()
def show() -> None:
    """Say what lies under the maps now."""
    from casework.files.under_maps import KEYS, ground_file
    from web.base_map import pmtiles_file

    app = _app()
    with app.app_context():
        lines = [_line(key, file) for key in KEYS if (file := ground_file(key)) is not None]
        if ground_file(NAMES["tiles"]) is None and (there := pmtiles_file()) is not None:
            lines.append(f"tile file on this machine: {there.path}, up to zoom {there.max_zoom}")
    for line in lines or ["Nothing is loaded: maps show the stored boundaries alone."]:
        click.echo(line)


@base_map.command()
@click.argument("file", type=FILE)
@click.option("--attribution", default="", help="The source as maps show it; needed where FILE does not name one.")
@click.option("--reason", help="Why; kept with the event.")
def tiles(file: Path, attribution: str, reason: str | None) -> None:
    """Take over FILE, a PMTiles file of vector tiles in the schema of Protomaps, in place of the present one."""
    from casework.settings.ground_loading import load_tiles

    app = _app()
    with app.app_context(), file.open("rb") as opened:
        taken = load_tiles(
            opened, size=file.stat().st_size, largest=LARGEST_TILES, store=app.extensions["file_store"], attribution=attribution,
            by=AT_THE_SERVER, now=datetime.now(UTC), reason=reason or f"base-map tiles {file.name}",
        )  # fmt: skip
    click.echo(f"Taken over. {_line(NAMES['tiles'], taken)}")


@base_map.command()
@click.argument("file", type=FILE)
@click.option("--attribution", required=True, help="The source as maps show it.")
@click.option("--reason", help="Why; kept with the event.")
def sketch(file: Path, attribution: str, reason: str | None) -> None:
    """Take over FILE, the GeoJSON of a schematic layer, in place of the present one. It is drawn where there are no tiles."""
    from casework.places.sketches import LARGEST_FILE
    from casework.settings.ground_loading import load_sketch

    app = _app()
    with file.open("rb") as opened:
        data = opened.read(LARGEST_FILE + 1)
    with app.app_context():
        taken = load_sketch(
            data, store=app.extensions["file_store"], attribution=attribution, by=AT_THE_SERVER, now=datetime.now(UTC),
            reason=reason or f"base-map sketch {file.name}",
        )  # fmt: skip
    click.echo(f"Taken over. {_line(NAMES['sketch'], taken)}")


@base_map.command()
@click.argument("which", type=click.Choice(sorted(NAMES)))
@click.option("--reason", help="Why; kept with the event.")
def remove(which: str, reason: str | None) -> None:
    """Take the tile file or the schematic layer away from under the maps."""
    from casework.settings.ground_loading import remove_ground_file

    app = _app()
    with app.app_context():
        remove_ground_file(
            NAMES[which], store=app.extensions["file_store"], by=AT_THE_SERVER, now=datetime.now(UTC),
            reason=reason or f"base-map remove {which}",
        )  # fmt: skip
    click.echo(f"The {WORDS[NAMES[which]]} is removed.")


def _app() -> Flask:
    from web.config import Config

    app: Flask = ready_app(Config.from_environment(), "base-map")
    return app


def _line(key: str, file: GroundFile) -> str:
    west, south, east, north = file.bounds
    what = f"{file.count} tiles, zooms {file.min_zoom} to {file.max_zoom}" if key == NAMES["tiles"] else f"{file.count} features"
    return (
        f"{WORDS[key]}: {file.size / 1e6:.1f} MB, {what}, {south:.3f} to {north:.3f} north, {west:.3f} to {east:.3f} east, "
        f"source: {file.attribution}"
    )
