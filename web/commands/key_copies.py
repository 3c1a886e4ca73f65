"""The keys of an installation as one file, to be kept apart from its backups: key file and backup together open every identity."""

import base64
import hashlib
import os
from datetime import datetime
from pathlib import Path

import orjson

from casework.errors import CaseworkError
from casework.sealing.keyring import Keyring
from casework.verification.anchor_keys import KEY
from web.config import Config
from web.config.kept_secrets import VAPID_KEY

FORMAT = 1


class KeysRefused(CaseworkError):
    """The keys cannot be saved or restored in this way; the text says why."""


def key_files(config: Config) -> dict[str, Path]:
    """Where each key is. The cookie secret is not among them: it can be renewed, and people then sign in again."""
    return {"keyring": config.keyring, "anchor_key": config.data / KEY, "vapid_key": config.data / VAPID_KEY}


def save_keys(config: Config, target: Path, *, now: datetime) -> None:
    """Write the keys to a new file that only its owner can read. Raises KeysRefused, KeyringUnusable."""
    Keyring.load(config.keyring)
    keys = {name: base64.b64encode(path.read_bytes()).decode() for name, path in key_files(config).items() if path.exists()}
    content = {"format": FORMAT, "made_at": now.isoformat(), "keys": keys}
    try:
        with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(_canonical({**content, "digest": _digest(content)}))
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise KeysRefused(f"Đã có tệp {target}; không ghi đè.", f"There is a file {target} already; it is not overwritten.") from None
    except OSError as error:
        raise KeysRefused(
            f"Không ghi được tệp khóa {target}: {error.strerror}.", f"The keys cannot be written to {target}: {error.strerror}."
        ) from None


def read_keys(source: Path) -> dict[str, bytes]:
    """The keys by name from a file that `save_keys` wrote. Raises KeysRefused."""
    try:
        stored = source.read_bytes()
        content = orjson.loads(stored)
        digest = content.pop("digest")
        if content["format"] != FORMAT or digest != _digest(content) or _canonical({**content, "digest": digest}) != stored:
            raise ValueError("digest")
        return {name: base64.b64decode(key, validate=True) for name, key in content["keys"].items()}
    except OSError as error:
        raise KeysRefused(
            f"Không đọc được tệp khóa {source}: {error.strerror}.", f"The keys {source} cannot be read: {error.strerror}."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise KeysRefused(f"Tệp khóa {source} bị hỏng.", f"The file of keys {source} is damaged.") from None


def refuse_other_keys(config: Config, keys: dict[str, bytes]) -> None:
    """Raise KeysRefused when a different key is in the place of one of these: a key is never overwritten."""
    for name, path in key_files(config).items():
        if name in keys and path.exists() and path.read_bytes() != keys[name]:
            raise KeysRefused(
                f"Đã có khóa khác ở {path}; không ghi đè. Hãy chuyển tệp đó đi nơi khác rồi thử lại.",
                f"There is another key at {path}; it is not overwritten. Move it away and try again.",
            )


def place_keys(config: Config, keys: dict[str, bytes]) -> None:
    """Put each key in its place, readable by its owner only; existing files stay."""
    for name, path in key_files(config).items():
        if name in keys and not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(keys[name])
                file.flush()
                os.fsync(file.fileno())


def _canonical(content: object) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def _digest(content: object) -> str:
    return hashlib.sha256(_canonical(content)).hexdigest()
