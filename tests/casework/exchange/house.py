"""A centre that exchanges documents with another body: its settings, a numbered slip with its file, and what goes out and comes in."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.documents.files import claim_unmade, issued_file, keep_file, keep_issued
from casework.documents.numbering import give_number
from casework.exchange import Answered, DocumentId, Organ, Package, Status, read
from casework.exchange.bodies import centres_by_id
from casework.exchange.incoming import examine, take_in
from casework.exchange.outgoing import claim_outgoing, compose, keep_composed, keep_sent, queue_letter
from casework.files.local import new_stored_name
from casework.local_time import local_day
from casework.models import Case, HouseSetting, IncomingPackage, Letter, OutgoingPackage
from tests import build
from tests.casework.exchange.samples import OTHER, OURS, PDF, package, status
from tests.second_centre import add_rule

NOW = build.NOON + timedelta(days=1)
BODY = Organ(OTHER, "Sở Xây dựng")
SEALED = PDF + b" with a seal"


def settled(world: build.World, **values: str) -> build.World:
    """The settings of document exchange, for the centre of this world."""
    bodies = f"{OTHER} Sở Xây dựng; H36.31 Điện lực"
    for key, value in {"exchange_id": f"{OURS} 000.00.12.H36", "exchange_bodies": bodies, **values}.items():
        add_rule(HouseSetting(key=key, value=value, centre_id=world.centre.id, changed_at=build.NOON))
    return world


def numbered_slip(app: Flask, world: build.World, case: Case | None = None, *, now: datetime = NOW) -> Letter:
    """A slip about a case to a body outside, with its number and a file."""
    head = {"issuing_body": "Trung tâm", "symbol": "TTĐH", "place": "Lạc Dương", "signer_title": "GIÁM ĐỐC", "signer_name": "Lê Văn Ký"}
    with unit_of_work():
        letter = Letter(
            kind="transfer_slip", centre_id=world.centre.id, case_id=case.id if case is not None else None, made_at=now,
            made_by_id=world.people["operator"].id, content={"head": head, "to": BODY.name},
        )  # fmt: skip
        db.session.add(letter)
        db.session.flush()
        give_number(letter, on=local_day(now), by=world.actor("records_clerk"), now=now)
        (claimed,) = claim_unmade(now=now, most=1)
        stored = app.extensions["file_store"].put(new_stored_name(), PDF, sealed=True)
        keep_issued(claimed, stored, pages=1, now=now)
        ref = letter.ref
    return letter_of(ref)


def signed_slip(app: Flask, world: build.World, case: Case | None = None, *, now: datetime = NOW) -> Letter:
    """The same, with its file sealed."""
    ref = numbered_slip(app, world, case, now=now).ref
    with unit_of_work():
        letter = db.session.scalars(select(Letter).where(Letter.ref == ref)).one()
        stored = app.extensions["file_store"].put(new_stored_name(), SEALED, sealed=True)
        keep_file(letter, "sealed", stored, pages=1, now=now)
    return letter_of(ref)


def letter_of(ref: str) -> Letter:
    db.session.rollback()
    return db.session.scalars(select(Letter).where(Letter.ref == ref)).one()


def queued(world: build.World, letter: Letter, *, receiver: Organ = BODY, now: datetime = NOW, **more: Any) -> OutgoingPackage:
    ref = letter.ref
    with unit_of_work():
        letter = db.session.scalars(select(Letter).where(Letter.ref == ref).with_for_update()).one()
        row = queue_letter(letter, issued_file(letter), receiver=receiver, by=world.actor("records_clerk"), now=now, **more)
        own = row.ref
    return outgoing(own)


def outgoing(ref: str) -> OutgoingPackage:
    db.session.rollback()
    return db.session.scalars(select(OutgoingPackage).where(OutgoingPackage.ref == ref)).one()


def all_outgoing() -> list[OutgoingPackage]:
    db.session.rollback()
    return list(db.session.scalars(select(OutgoingPackage).order_by(OutgoingPackage.id)))


def all_incoming() -> list[IncomingPackage]:
    db.session.rollback()
    return list(db.session.scalars(select(IncomingPackage).order_by(IncomingPackage.id)))


def send_next(app: Flask, *, now: datetime = NOW) -> Package | Status | None:
    """What the worker would send next, as its receiver reads it."""
    with unit_of_work():
        claimed = claim_outgoing(now=now)
    if claimed is None:
        return None
    made = compose(claimed, store=app.extensions["file_store"])
    with unit_of_work():
        raw = keep_composed(claimed, made)
    assert raw is not None
    with unit_of_work():
        keep_sent(claimed, claimed.name, now=now)
    return read(raw, ours={OTHER, "H36.31"})


def no_malware(_content: bytes, _name: str) -> None:
    """Every file is clean."""


def come(raw: bytes, *, now: datetime = NOW, scan: Any = no_malware, ours: Mapping[str, int] | None = None) -> list[IncomingPackage]:
    """Take a package in as the worker does; the rows it made."""
    with unit_of_work():
        found = ours if ours is not None else centres_by_id()
        examined = examine(raw, ours=found, scan=scan)
        refs = [row.ref for row in take_in(examined, ours=found, came_as="a.edxml", now=now)]
    db.session.rollback()
    return list(db.session.scalars(select(IncomingPackage).where(IncomingPackage.ref.in_(refs)).order_by(IncomingPackage.id)))


def answer_to(row: OutgoingPackage, **changes: Any) -> Package:
    """A document of the body that answers a letter of ours."""
    named = DocumentId.parse(row.document)
    assert named is not None
    return package(answers=(Answered(OURS, named.code, named, named.day),), **changes)


def status_of(row: OutgoingPackage, code: str, *, at: datetime = NOW, sender: str = OTHER, words: str = "") -> Status:
    """What the body says of a letter of ours."""
    named = DocumentId.parse(row.document)
    assert named is not None
    return status(sender=Organ(sender, "Sở Xây dựng"), answers=Answered(OURS, named.code, named), code=code, at=at, description=words)
