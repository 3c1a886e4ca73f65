"""Brings rules, texts and processes of an existing installation to a new release, after its tables were migrated."""

from collections.abc import Iterator
from datetime import datetime

from flask import Flask
from sqlalchemy import select

from casework.db import db, prepare_engine, unit_of_work
from casework.installation.seeding import install_rules
from casework.privacy.account_marks import begin_marks
from casework.privacy.look_reasons import gather_reasons
from web.config import Config
from workflows.drafting.foreign_settings import end_all_foreign_settings
from workflows.models import ProcessVersion
from workflows.versions.live import has_versions, install_shipped_model


def bring_release(config: Config, *, now: datetime) -> list[str]:
    """Upgrade rules, texts and process of an existing installation to this release; returns a sentence for each thing done.

    Nothing here is sealed, so it opens the database without keys.
    """
    # imported late: this does not need the pages
    from web import settings_of

    app = Flask(__name__)
    app.config.update(settings_of(config))
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
        try:
            if not has_versions():
                return []
            with unit_of_work():
                added = install_rules(now)
                install_shipped_model(now=now)
                begin_marks(now=now)
                ended = end_all_foreign_settings(now=now)
            done = [f"{added} rules and texts of this release were added."] if added else []
            if ended:
                done.append(f"{ended} daily settings ended that had been made for another step of the same id.")
            if gathered := gather_reasons(now):
                done.append(f"The reasons of lists with senders were taken out of {gathered} looks at senders: each stands once now.")
            return done + list(_said_of(now))
        finally:
            db.session.remove()
            db.engine.dispose()


def _said_of(now: datetime) -> Iterator[str]:
    new = select(ProcessVersion).where(ProcessVersion.created_at == now, ProcessVersion.author_id.is_(None)).order_by(ProcessVersion.id)
    for version in db.session.scalars(new):
        if version.state == "live":
            yield f"The {version.key} of this release is live as version {version.number}; open cases finish on theirs."
        else:
            yield (
                f"The {version.key} of this release waits as draft {version.number}, because people have made a version of their own: "
                "look at it under /studio."
            )
