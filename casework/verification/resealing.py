"""Rotating an installation's keys while people work: everything sealed with an old key is resealed with the present one.

Values and files are processed in the order of their rows, in batches, each a separate unit of work. Stopping it loses nothing: the next
run skips what is done. A value changed meanwhile keeps the change, because a row is written only if it still has the value read.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Table, func, select, update

from casework.accounts.code_apps import purpose_of as purpose_of_code_app
from casework.accounts.outside_identities import SECRETS_PURPOSE
from casework.asking.answers import ANSWERS_PURPOSE
from casework.db import METADATA, db, unit_of_work
from casework.doors.links.answering import SIGNED_PURPOSE
from casework.doors.people.rows import EXTERNAL_PURPOSE
from casework.doors.photo_addresses import URL_PURPOSE
from casework.doors.repeats import ANSWER_PURPOSE as REPEATED
from casework.doors.webhooks.signing import SECRET_PURPOSE as WEBHOOK
from casework.erasure.quarantine import REASON_PURPOSE as QUARANTINE
from casework.exchange.pieces import PIECE_PURPOSE, TOLD_PURPOSE
from casework.files.local import FileMissing, FileStore, new_stored_name
from casework.intake.file_report import ORIGINAL_PURPOSE, PLACE_PURPOSE, SECRET_PURPOSE, VILLAGE_PURPOSE
from casework.mail_in.keeping import RAW_PURPOSE
from casework.messages.push_subscriptions import PURPOSE as PUSH
from casework.models import File
from casework.pausing.additions import WORDS_PURPOSE as ADDITION
from casework.pausing.questions import ANSWER_PURPOSE
from casework.pausing.withdrawals import REASON_PURPOSE as WITHDRAWAL
from casework.photos.records import FACTS_PURPOSE, NAME_PURPOSE
from casework.places.points import POINT_PURPOSE
from casework.places.villages import WAITING_PURPOSE
from casework.privacy.contact_codes import MESSAGE_PURPOSE
from casework.privacy.identity import IDENTITY_PURPOSE
from casework.publishing.ratings import REASON_PURPOSE as RATING
from casework.rights.requests import REPLY_PURPOSE
from casework.rights.requests import WORDS_PURPOSE as REQUEST
from casework.sealing.keyring import current_keyring
from casework.sealing.seal import VALUE_MAGIC, SealBroken, key_id_of, open_sealed, seal
from casework.settings.importing.staging import PASSWORDS_PURPOSE, ROWS_PURPOSE
from casework.steps.drafts import FIELDS_PURPOSE
from casework.steps.drafts import NAME_PURPOSE as DRAFT_NAME
from casework.taking_back.held_acts import FORM_PURPOSE, GIVEN_PURPOSE, WHY_PURPOSE
from casework.triage.refusals import OBJECTION_PURPOSE
from casework.zalo.consent import VERIFIER_PURPOSE
from casework.zalo.tokens import purpose_of_access, purpose_of_refresh

HEADER_BYTES = len(VALUE_MAGIC) + 1 + 32
BATCH, FILES = 200, 20
"""Rows examined, and files rewritten, in one unit of work: on SQLite nobody else writes meanwhile."""
BREATH = 0.01
"""Seconds between two batches, so that others get their turn."""

PURPOSES: dict[str, tuple[str | Callable[[Any], str], ...]] = {
    "account.sealed_identity": (IDENTITY_PURPOSE,),
    "addition.sealed_words": (ADDITION,),
    "area_subscription.sealed_contact": (IDENTITY_PURPOSE,),
    "case.sealed_village": (WAITING_PURPOSE,),
    "code_app.sealed_secret": (lambda row: purpose_of_code_app(row.account_id),),
    "data_request.sealed_reply": (REPLY_PURPOSE,),
    "data_request.sealed_words": (REQUEST,),
    "draft.sealed_fields": (FIELDS_PURPOSE,),
    "draft.sealed_name": (DRAFT_NAME,),
    "held_act.sealed_given": (GIVEN_PURPOSE,),
    "held_act.sealed_fields": (FORM_PURPOSE,),
    "held_act.sealed_why": (WHY_PURPOSE,),
    "hand_over_ticket.sealed_contact": (IDENTITY_PURPOSE,),
    "idempotency_key.sealed_result": (SECRET_PURPOSE,),
    "door_repeat.sealed_answer": (REPEATED,),
    "incoming_package.sealed_told": (TOLD_PURPOSE,),
    "incoming_letter.sealed_raw": (RAW_PURPOSE,),
    "one_time_code.sealed_message": (MESSAGE_PURPOSE,),
    "outside_sign_in.sealed_secrets": (SECRETS_PURPOSE,),
    "outgoing_package.sealed_told": (TOLD_PURPOSE,),
    "package_piece.sealed_bytes": (PIECE_PURPOSE,),
    "photo_address.sealed_url": (URL_PURPOSE,),
    "photo.sealed_metadata": (FACTS_PURPOSE,),
    "photo.sealed_name": (NAME_PURPOSE,),
    "provisioned_person.sealed_external": (EXTERNAL_PURPOSE,),
    "push_subscription.sealed_subscription": (PUSH,),
    "question.sealed_answer": (ANSWER_PURPOSE,),
    "rating.sealed_reason": (RATING,),
    "recording.sealed_name": (NAME_PURPOSE,),
    "refusal.sealed_objection": (OBJECTION_PURPOSE,),
    "reply_link.sealed_contact": (IDENTITY_PURPOSE,),
    "reply_link.sealed_signed": (SIGNED_PURPOSE,),
    "report.sealed_place": (PLACE_PURPOSE,),
    "report.sealed_village": (VILLAGE_PURPOSE,),
    "report.sealed_point": (POINT_PURPOSE,),
    "report_text.sealed_answers": (ANSWERS_PURPOSE,),
    "report_text.sealed_body": (ORIGINAL_PURPOSE, QUARANTINE),
    "reporter.sealed_identity": (IDENTITY_PURPOSE,),
    "staged_import.sealed_passwords": (PASSWORDS_PURPOSE,),
    "staged_import.sealed_rows": (ROWS_PURPOSE,),
    "webhook_secret.sealed_secret": (WEBHOOK,),
    "withdrawal.sealed_reason": (WITHDRAWAL,),
    "zalo_account.sealed_access": (lambda row: purpose_of_access(row.oa_id),),
    "zalo_account.sealed_refresh": (lambda row: purpose_of_refresh(row.oa_id),),
    "zalo_consent.sealed_verifier": (VERIFIER_PURPOSE,),
}
"""The purposes of each column's values; the seal itself proves which of several it is. A test compares this with the tables."""


@dataclass
class Resealed:
    """The result of one run: values and files resealed, and those that could not be opened, by place."""

    values: int = 0
    files: int = 0
    closed: Counter[str] = field(default_factory=Counter)


def reseal(store: FileStore, *, told: Callable[[str, int], None] | None = None, breath: float = BREATH) -> Resealed:
    """Reseal everything not sealed with the present key. Commits in separate units of work; `told` is called with the place and the
    number of rows examined."""
    done = Resealed()
    for name, purposes in PURPOSES.items():
        table_name, _, column = name.partition(".")
        looked = 0
        for keys in _batches(METADATA.tables[table_name], column):
            _reseal_values(METADATA.tables[table_name], column, keys, purposes, done)
            looked += len(keys)
            if told is not None:
                told(name, looked)
            time.sleep(breath)
    _reseal_files(store, done, told, breath)
    return done


def keys_that_seal() -> Counter[str]:
    """The number of values and files each key seals, counted from their first bytes."""
    found: Counter[str] = Counter()
    for name in PURPOSES:
        table_name, _, column_name = name.partition(".")
        column = METADATA.tables[table_name].c[column_name]
        query = select(func.substr(column, 1, HEADER_BYTES)).where(column.is_not(None)).execution_options(yield_per=1_000)
        for (header,) in db.session.execute(query):
            found.update(_key_in(header))
    files = select(File.key_id, func.count()).where(File.key_id.is_not(None), File.erased_at.is_(None)).group_by(File.key_id)
    for key_id, count in db.session.execute(files):
        found[str(key_id)] += count
    db.session.rollback()
    return found


def _batches(table: Table, column: str) -> Iterator[list[Any]]:
    """The keys of rows not sealed with the present key, from each BATCH of non-empty rows."""
    (key,) = table.primary_key.columns
    held, after = table.c[column], None
    while True:
        query = select(key, func.substr(held, 1, HEADER_BYTES)).where(held.is_not(None)).order_by(key).limit(BATCH)
        rows = list(db.session.execute(query if after is None else query.where(key > after)))
        db.session.rollback()
        if not rows:
            return
        after = rows[-1][0]
        current = current_keyring().current_id
        yield [number for number, header in rows if current not in _key_in(header)]


def _key_in(header: bytes | None) -> list[str]:
    try:
        return [key_id_of(bytes(header or b""))]
    except SealBroken:
        return []


def _reseal_values(table: Table, column: str, keys: list[Any], purposes: tuple[Any, ...], done: Resealed) -> None:
    if not keys:
        return
    (key,) = table.primary_key.columns
    held = table.c[column]
    with unit_of_work():
        for row in list(db.session.execute(select(table).where(key.in_(keys)))):
            before = getattr(row, column)
            after = _sealed_anew(row, before, purposes) if before is not None and _key_in(before) else None
            if after is None:
                done.closed[f"{table.name}.{column}"] += before is not None
                continue
            same = update(table).where(key == getattr(row, key.name), held == before).values({column: after})
            done.values += db.session.execute(same, execution_options={"synchronize_session": False}).rowcount  # type: ignore[attr-defined]


def _sealed_anew(row: Row[Any], before: bytes, purposes: tuple[Any, ...]) -> bytes | None:
    for purpose in purposes:
        words = purpose(row) if callable(purpose) else purpose
        try:
            return seal(open_sealed(before, purpose=words), purpose=words)
        except SealBroken:
            continue
    return None


def _reseal_files(store: FileStore, done: Resealed, told: Callable[[str, int], None] | None, breath: float) -> None:
    """Rewrite each file under a new name; the old one is deleted after its batch, so that anybody who has just looked up its name can
    read on."""
    after, looked = 0, 0
    while True:
        query = select(File.id, File.stored_name).where(
            File.id > after, File.key_id.is_not(None), File.key_id != current_keyring().current_id, File.erased_at.is_(None)
        )
        rows = list(db.session.execute(query.order_by(File.id).limit(FILES)))
        db.session.rollback()
        if not rows:
            return
        after, old = rows[-1].id, []
        for row in rows:
            old += _resealed_file(store, row.id, row.stored_name, done)
        for name in old:
            store.delete(name)
        looked += len(rows)
        if told is not None:
            told("file", looked)
        time.sleep(breath)


def _resealed_file(store: FileStore, file_id: int, name: str, done: Resealed) -> list[str]:
    """Returns the name no longer needed: the old one, or the new one where the row changed meanwhile."""
    try:
        with store.open(name, sealed=True) as opened:
            stored = store.put(new_stored_name(), opened, sealed=True)
    except (FileMissing, SealBroken):
        done.closed["file"] += 1
        return []
    with unit_of_work():
        same = update(File).where(File.id == file_id, File.stored_name == name, File.erased_at.is_(None))
        same = same.values(stored_name=stored.stored_name, key_id=stored.key_id)
        is_done = bool(db.session.execute(same, execution_options={"synchronize_session": False}).rowcount)  # type: ignore[attr-defined]
    done.files += is_done
    return [name if is_done else stored.stored_name]
