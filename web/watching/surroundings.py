"""Collects what this process and its settings add to the figures, and makes the findings."""

from flask import current_app

import migrations
from casework.db import db
from casework.sealing.keyring import current_keyring
from casework.settings.gaps import gaps
from web.clock import now
from web.watching.exposed_keys import exposed_keys
from web.watching.figures import Figures, figures
from web.watching.finding import Finding
from web.watching.findings import Surroundings, findings


def findings_here() -> list[Finding]:
    """All present problems of this installation, worst first."""
    return findings(figures(), surroundings())


def kept_findings(found: Figures) -> list[Finding]:
    """The findings of cached figures, cached for the same time: a machine that polls every few seconds causes no counting."""
    kept: tuple[Figures, list[Finding]] | None = current_app.extensions.get("findings")
    if kept is None or kept[0] is not found:
        kept = current_app.extensions["findings"] = found, findings(found, surroundings())
    return kept[1]


def surroundings() -> Surroundings:
    """For this installation."""
    return Surroundings(
        gaps=gaps(now()),
        schema_there=migrations.revision_of(db.engine) or "", schema_wanted=migrations.newest_revision() or "",
        key_ids=current_keyring().key_ids, channels=frozenset(current_app.extensions["gateways"]),
        exposed_keys=exposed_keys(current_app.config["DATA"] / "keys", current_app.config["KEYRING"]),
    )  # fmt: skip
