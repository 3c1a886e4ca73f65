"""The secrets an installation makes for itself and keeps in its data folder."""
from __future__ import annotations

import os
import secrets
from pathlib import Path

SECRET_KEY, VAPID_KEY = Path("keys", "secret_key"), Path("keys", "vapid_key")      # in the data folder, where the environment has none


def kept_before(path: Path) -> str:
    """The previous secret at `path` while it is still accepted; else empty."""
    before = path.with_name(f"{path.name}.before")
    return before.read_text(encoding="ascii") if before.exists() else ""


def secret_at(path: Path) -> str:
    """The secret kept at `path`; empty before this installation's application was first made."""
    return path.read_text(encoding="ascii") if path.exists() else ""


def kept_secret(path: Path) -> str:
    """The secret kept at `path`, made on the first call; two processes that start together get the same one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)                        # link fails where rename would overwrite the other process's secret
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii")
