"""`langbiang verify`: runs every check in turn, on an installation whose pages need not be running."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module

from flask import Flask
from sqlalchemy import func, select

from casework.db import db, prepare_engine
from casework.documents.verification import check_books
from casework.facts.verification import check_facts
from casework.findings import Finding, fault, one_moment
from casework.models import Anchor, Event, EventStream, File
from casework.privacy.account_marks import check_account_marks
from casework.sealing.keyring import Keyring, KeyringUnusable, use_keyring
from casework.verification.anchor_check import check_anchors
from casework.verification.cases import check_cases
from casework.verification.chains import check_chains
from casework.verification.files import check_files
from casework.verification.seals import check_seals
from reports.statistics.snapshots import check_snapshots
from web.config import Config
from web.files.storage import open_file_store, shelf_of
from web.startup_checks import sealed_columns
from workflows.models import ProcessInstance
from workflows.verification import check_process

MOST_FINDINGS = 1000
"""Findings kept word for word; further ones are only counted."""


@dataclass
class Verification:
    """What a verification checked and found. `anchor` is the number and digest of the newest anchor: note it down elsewhere."""

    findings: list[Finding] = field(default_factory=list)
    unlisted: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    anchor: tuple[int, str] | None = None

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong; notes do not count."""
        return not self.faults and not self.unlisted

    @property
    def faults(self) -> list[Finding]:
        """The findings that need attention."""
        return [finding for finding in self.findings if finding.is_fault]


def verify(config: Config, *, now: datetime, every: int = 1) -> Verification:
    """Check chains, anchors, files, seals, cases, accounts, processes, facts, sums and frozen figures against each other, while people
    work.

    Every file is looked for; each `every`-th is read and the facts of each `every`-th case are rebuilt, a different share each day. A check
    that crashes is a finding too.
    """
    found, store = Verification(), open_file_store(config)
    with _opened(config) as (key_ids, unusable):
        if unusable is not None:
            _keep(found, [unusable])
        with one_moment():
            _count(found)
        for check in (
            check_chains,
            lambda: check_anchors(config.data, shelf_of(store)),
            lambda: check_seals(sealed_columns(), key_ids=key_ids),
            lambda: check_cases(now=now),
            check_account_marks,
            check_process,
            lambda: check_facts(every=every, first=now.toordinal()),
            check_snapshots,
            check_books,
        ):
            with one_moment():
                _keep(found, _unbroken(check))
        first = now.toordinal()
        _keep(found, _unbroken(lambda: check_files(store, now=now, key_ids=key_ids, every=every, first=first)))
    return found


@contextmanager
def _opened(config: Config) -> Iterator[tuple[frozenset[str], Finding | None]]:
    """Open the database without the pages, since an installation that lost its keys must be verifiable too; yields the keys at hand."""
    import_module("workflows.every_verb")
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = config.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"hide_parameters": True}
    db.init_app(app)
    key_ids, unusable = frozenset[str](), None
    if config.keyring.exists():
        try:
            keyring = Keyring.load(config.keyring)
        except KeyringUnusable as damaged:
            unusable = fault("keys.unusable", "keyring", damaged.vi, damaged.en)
        else:
            use_keyring(keyring)
            key_ids = keyring.key_ids
    with app.app_context():
        prepare_engine(db.engine)
        try:
            yield key_ids, unusable
        finally:
            db.session.remove()
            db.engine.dispose()


def _count(found: Verification) -> None:
    for table in (EventStream, Event, File, ProcessInstance, Anchor):
        found.counts[table.__tablename__] = db.session.scalar(select(func.count()).select_from(table)) or 0
    newest = db.session.scalars(select(Anchor).order_by(Anchor.number.desc())).first()
    found.anchor = (newest.number, newest.digest) if newest else None


def _keep(found: Verification, findings: Iterable[Finding]) -> None:
    for finding in findings:
        if len(found.findings) < MOST_FINDINGS:
            found.findings.append(finding)
        else:
            found.unlisted += 1


def _unbroken(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings of a check; an unforeseen failure becomes a finding, so that the other checks still run."""
    try:
        yield from check()
    except Exception as error:
        db.session.rollback()
        name = type(error).__name__
        yield fault(
            "check.broke_off", name,
            f"Việc kiểm tra dừng giữa chừng vì dữ liệu không đọc được ({name}).",
            f"A check broke off because of data that cannot be read ({name}).",
        )  # fmt: skip
