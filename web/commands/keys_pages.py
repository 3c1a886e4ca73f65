"""What `langbiang keys` does: list the keys, and replace each with a new one while people work."""

import os
import secrets
import time
from collections.abc import Callable
from datetime import datetime

from flask import Flask
from sqlalchemy import select, update

from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.files.local import FileStore
from casework.models import PushSubscription
from casework.sealing.keyring import REREAD_SECONDS, KeyNotRetired, current_keyring
from casework.verification.anchor_keys import hand_over_key
from casework.verification.resealing import Resealed, keys_that_seal, reseal
from web.config import PREFIX, Config
from web.config.kept_secrets import SECRET_KEY, VAPID_KEY, kept_secret

BEFORE = SECRET_KEY.with_name(f"{SECRET_KEY.name}.before")
SETTLES = 2 * REREAD_SECONDS
"""Seconds after a rotation before a key may be retired: by then every process seals with the new one."""


class NotRotatedHere(CaseworkError):
    """This program cannot replace the key; the text says who can."""


def rotate_key(app: Flask, config: Config, name: str, *, aside: bool, now: datetime) -> list[str]:
    """Replace one key and return the lines to print. Raises NotRotatedHere, AnchorKeyUnusable, KeyringUnusable."""
    if name == "keyring":
        return _new_sealing_key(aside=aside)
    if name == "anchor_key":
        key_id = hand_over_key(config.data, now=now)
        return [f"Anchors are signed with the key {key_id} from now on; the old key has signed that it follows, and is gone.",
                "Note the new fingerprint down outside this machine."]  # fmt: skip
    if name == "secret_key":
        return _new_secret(config)
    with app.app_context():
        return _new_vapid_key(config, now)


def reseal_all(app: Flask, told: Callable[[str, int], None] | None = None) -> Resealed:
    """Reseal everything that is sealed with an old key. May be interrupted and started again at any time."""
    store: FileStore = app.extensions["file_store"]
    with app.app_context():
        return reseal(store, told=told)


def retire_key(app: Flask, config: Config, name: str, key_id: str = "") -> list[str]:
    """Remove an old key. A sealing key can go only when a full pass has found nothing sealed with it. Raises KeyNotRetired, KeyMissing."""
    if name == "secret_key":
        if os.environ.get(f"{PREFIX}SECRET_KEY_BEFORE") or os.environ.get(f"{PREFIX}SECRET_KEY_BEFORE_FILE"):
            raise NotRotatedHere("", f"It is set in the environment: take {PREFIX}SECRET_KEY_BEFORE away and start the program anew.")
        (config.data / BEFORE).unlink(missing_ok=True)
        return ["The secret before the present one is gone. Start servers and workers anew: what it signed is then refused."]
    keyring = current_keyring()
    settled = (keyring.changed_at or 0) + SETTLES
    if time.time() < settled:
        raise KeyNotRetired(
            "Vừa mới đổi khóa; xin chờ vài giây để mọi tiến trình dùng khóa mới.",
            "The keys were changed a moment ago: wait some seconds until every process uses the new one.",
        )
    reseal_all(app)
    with app.app_context():
        left = keys_that_seal()[key_id]
    if left:
        raise KeyNotRetired(
            f"Còn {left} dữ liệu niêm phong bằng khóa {key_id}; hãy chạy `langbiang keys reseal`, rồi `langbiang verify`.",
            f"{left} values or files are still sealed with the key {key_id}: run `langbiang keys reseal`, then `langbiang verify`.",
        )
    keyring.retire(key_id)
    return [f"The key {key_id} is gone. Backups made before now open only with the keys saved then."]


def key_lines(app: Flask, config: Config) -> list[str]:
    """The lines of `langbiang keys list`: each key, and how much each sealing key seals."""
    keyring = current_keyring()
    with app.app_context():
        counts = keys_that_seal()
    lines = [f"keyring: {key_id}{', in use' if key_id == keyring.current_id else ''}, seals {counts[key_id]} values and files"
             for key_id in sorted(keyring.key_ids | set(counts))]  # fmt: skip
    lines.append(f"secret_key: {'and the one before it is taken too' if config.secret_key_before else 'one'}")
    lines.append("anchor_key: langbiang verify tells its fingerprint")
    lines.append(f"vapid_key: {'set in the environment' if config.vapid_key else 'in the data folder'}")
    return lines


def _new_sealing_key(*, aside: bool) -> list[str]:
    if aside:
        key_id = current_keyring().add()
        return [f"The key {key_id} was added and is not used yet. Bring the key file to every machine, then: langbiang keys use {key_id}"]
    key_id = current_keyring().rotate()
    return [f"New seals use the key {key_id}; processes that run follow within {REREAD_SECONDS:.0f} seconds.",
            "Save the keys now (backup --keys), then: langbiang keys reseal"]  # fmt: skip


def _new_secret(config: Config) -> list[str]:
    if os.environ.get(f"{PREFIX}SECRET_KEY") or os.environ.get(f"{PREFIX}SECRET_KEY_FILE"):
        raise NotRotatedHere(
            "Khóa này đặt trong biến môi trường.",
            f"It is set in the environment: set {PREFIX}SECRET_KEY_BEFORE to what {PREFIX}SECRET_KEY is, give that a new value of at least "
            "32 characters, and start servers and workers anew.",
        )
    path = config.data / SECRET_KEY
    os.replace(path, config.data / BEFORE)
    kept_secret(path)
    return ["A new secret signs from now on. Start servers and workers anew: both are taken until: langbiang keys retire secret_key",
            "Links for unsubscribing in letters sent before then end with it."]  # fmt: skip


def _new_vapid_key(config: Config, now: datetime) -> list[str]:
    if config.vapid_key:
        raise NotRotatedHere(
            "Khóa này đặt trong biến môi trường.",
            f"It is set in the environment: give {PREFIX}VAPID_KEY a new value (32 bytes in base64url) and start the program anew. "
            "Browsers that agreed to the old key are then told nothing until their people agree again.",
        )
    path = config.data / VAPID_KEY
    if path.exists():
        path.replace(path.with_name(f".{path.name}.{secrets.token_hex(4)}.old"))
    for old in path.parent.glob(f".{path.name}.*.old"):
        old.unlink()
    with unit_of_work():
        live = select(PushSubscription.id).where(PushSubscription.ended_at.is_(None))
        ended = update(PushSubscription).where(PushSubscription.id.in_(live)).values(ended_at=now)
        count = db.session.execute(ended, execution_options={"synchronize_session": False}).rowcount  # type: ignore[attr-defined]
    told = f"{count} browsers had agreed to the old one: they are told nothing more until their people agree again."
    return [f"A new key is made when it is first needed. {told}", "Start servers and workers anew."]
