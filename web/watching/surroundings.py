"""What a look at this process and its settings adds to the figures."""

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
    """Everything that is wrong with this installation now, the worst first."""
    return findings(figures(), surroundings())


def kept_findings(found: Figures) -> list[Finding]:
    """The same of figures that are kept, and kept as long: a machine that asks every few seconds has nothing counted for it."""
    kept: tuple[Figures, list[Finding]] | None = current_app.extensions.get("findings")
    if kept is None or kept[0] is not found:
        kept = current_app.extensions["findings"] = found, findings(found, surroundings())
    return kept[1]


def surroundings() -> Surroundings:
    """Of this installation."""
    return Surroundings(
        gaps=gaps(now()),
        schema_there=migrations.revision_of(db.engine) or "", schema_wanted=migrations.newest_revision() or "",
        key_ids=current_keyring().key_ids, channels=frozenset(current_app.extensions["gateways"]),
        exposed_keys=exposed_keys(current_app.config["DATA"] / "keys", current_app.config["KEYRING"]),
    )  # fmt: skip
