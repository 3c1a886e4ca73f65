"""`langbiang openapi`: writes the OpenAPI document of the API, e.g. to compare it with that of the last release."""

import json
from pathlib import Path

import click


@click.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write.")
def openapi(out: Path) -> None:
    """Write OpenAPI 3.1 of the API (docs/api.md); needs no database."""
    import msgspec

    import web.api.views as views
    from web.api.openapi import openapi as written
    from web.config import Config

    assert views.bp is not None
    document = json.loads(msgspec.json.encode(written(Config.from_environment().base_url.rstrip("/"))))
    out.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    click.echo(f"{out}: {len(document['paths'])} addresses.")
