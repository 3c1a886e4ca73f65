"""Photos an account has sent ahead of an answer or a report: each staged by itself, so that the same bytes again are the same photo."""

import json
import secrets
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from casework.db import db
from casework.doors.asking import Caller
from casework.models import Photo
from casework.sealing.seal import lookup_digest

TOKEN_PURPOSE = "photo of a service account"
TOKEN_LENGTH = 32


def purpose_of(caller: Caller) -> str:
    """What its photos show: an agency's the place after its work, a centre's what somebody reports."""
    return "after" if caller.agency_id is not None else "scene"


def token_of(caller: Caller, sha256: str) -> str:
    """Under which one photo of an account is staged: of the account and its bytes alone."""
    return lookup_digest(json.dumps([caller.account_id, purpose_of(caller), sha256]), purpose=TOKEN_PURPOSE)[:TOKEN_LENGTH]


def staged_here(ref: str, *, caller: Caller) -> Photo | None:
    """A photo the account has staged and not used."""
    return db.session.scalar(select(Photo).where(Photo.ref == ref, Photo.uploaded_by_id == caller.account_id, Photo.state == "staged"))


def missing_among(refs: Sequence[str], *, caller: Caller) -> list[int]:
    """The places of refs that are none of the account's staged photos, or stand there twice."""
    return _missing(refs, _staged_among(refs, caller))


def gather(refs: Sequence[str], *, caller: Caller) -> tuple[str | None, list[int]]:
    """Put staged photos of the account into one form, in this order, inside the caller's unit of work.

    Returns the token of the form, None without photos, and the places of refs that are none of its staged photos.
    """
    if not refs:
        return None, []
    found = _staged_among(refs, caller)
    missing = _missing(refs, found)
    if missing:
        return None, missing
    token = secrets.token_hex(TOKEN_LENGTH // 2)
    for place, ref in enumerate(refs):
        found[ref].staged_token, found[ref].position = token, place
    db.session.flush()
    return token, []


def _staged_among(refs: Sequence[str], caller: Caller) -> dict[str, Photo]:
    query = select(Photo).where(Photo.ref.in_(list(refs)), Photo.uploaded_by_id == caller.account_id, Photo.state == "staged")
    return {photo.ref: photo for photo in db.session.scalars(query)} if refs else {}


def _missing(refs: Sequence[str], found: Mapping[str, Photo]) -> list[int]:
    return [place for place, ref in enumerate(refs) if ref not in found or ref in refs[:place]]
