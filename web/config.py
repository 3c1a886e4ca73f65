"""Every setting of the program, read once and strictly from LANGBIANG_* variables; docs/settings.md lists them."""
from __future__ import annotations

import base64
import difflib
import ipaddress
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

PREFIX = "LANGBIANG_"
LANGUAGES = ("vi", "en")
SECRET_KEY, VAPID_KEY = Path("keys", "secret_key"), Path("keys", "vapid_key")      # in the data folder, where the environment has none
HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|[0-9a-f:]{2,45}", re.ASCII)
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
SHORTEST_SECRET = 32                                    # characters; 192 bits when written as urlsafe base64


class SettingRefused(ValueError):
    """A setting cannot be used; the text names the variable, the value and what is allowed."""


class StartRefused(Exception):
    """The program cannot start; the sentence says what is wrong and what to do."""


Reader = Callable[[str], Any]


def text(value: str) -> str:
    return value


def folder(value: str) -> Path:
    """A path, made absolute from the current folder, with `~` expanded."""
    return Path(value).expanduser().absolute()


def folders(value: str) -> tuple[Path, ...]:
    found = tuple(Path(each.strip()) for each in value.split(","))
    if not all(each.is_absolute() for each in found):
        raise ValueError("allowed are absolute paths of folders, separated by commas")
    return found


def switch(value: str) -> bool:
    """Accepts only yes and no: elsewhere "True", "1" and "on" have too often been read as strings, and strings as true."""
    if value not in {"yes", "no"}:
        raise ValueError("allowed are yes and no")
    return value == "yes"


def whole_number(least: int, most: int) -> Reader:
    def read(value: str) -> int:
        if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
            raise ValueError(f"allowed is a whole number from {least} to {most}")
        return int(value)
    return read


def one_of(*allowed: str) -> Reader:
    def read(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"allowed are {' and '.join(allowed)}")
        return value
    return read


def secret(value: str) -> str:
    if len(value) < SHORTEST_SECRET:
        raise ValueError(f"allowed are at least {SHORTEST_SECRET} characters")
    return value


def database(value: str) -> str:
    """An SQLAlchemy URL of SQLite or PostgreSQL; `postgresql://` means psycopg 3, the one driver installed."""
    allowed = "allowed are sqlite:////absolute/path and postgresql://user@host/name"
    try:
        url = make_url(value)
    except ArgumentError:
        raise ValueError(allowed) from None
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername == "sqlite":
        if not url.database or not Path(url.database).is_absolute():
            raise ValueError(allowed)
    elif url.drivername != "postgresql+psycopg" or not url.database:
        raise ValueError(allowed)
    return url.render_as_string(hide_password=False)


def replica(value: str) -> str:
    """The URL of a PostgreSQL database."""
    try:
        found = database(value)
    except ValueError:
        found = ""
    if not found.startswith("postgresql"):
        raise ValueError("allowed is postgresql://user@host/name")
    return found


def web_address(value: str) -> str:
    """The address people type, without a path: links in letters and QR codes are built from it."""
    parts = urlsplit(value)
    try:
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        port_is_sound = False
    is_bare = parts.path in {"", "/"} and not parts.query and not parts.fragment and not parts.username
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_sound or not is_bare:
        raise ValueError("allowed is http:// or https://, a host and, if need be, a port")
    return value.rstrip("/")


def mail_server(value: str) -> str:
    """The server for outgoing e-mail; without TLS only on this machine, because letters would travel readable."""
    parts = urlsplit(value)
    query = parse_qs(parts.query, keep_blank_values=True)
    tls = "tls" if parts.scheme == "smtps" else (query.get("tls") or ["starttls"])[0]
    try:
        is_sound = parts.scheme in {"smtp", "smtps"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_sound = False
    if not is_sound or tls not in {"starttls", "tls", "no"} or set(query) - {"tls"} or parts.path not in {"", "/"}:
        raise ValueError("allowed is smtp://user:password@host:port?tls=starttls (or tls, or no) and smtps://user:password@host:port")
    if tls == "no" and not is_loopback(parts.hostname or ""):
        raise ValueError("tls=no is allowed for a server on this machine only")
    return value


def mail_sender(value: str) -> str:
    address = parseaddr(value)[1]
    name, _, domain = address.rpartition("@")
    if not (name and "." in domain and address.isascii() and value.isprintable()):
        raise ValueError("allowed is an e-mail address, or a name and an address in angle brackets")
    return value


def gateway_address(value: str) -> str:
    """The address of a message gateway: https, or http on this machine."""
    parts = urlsplit(value)
    if not parts.hostname or parts.username or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))):
        raise ValueError("allowed is an https:// address without user and password; http:// on this machine only")
    return value


def scanner_address(value: str) -> str:
    """The address of a ClamAV daemon: a socket of this machine, or a host and port in a trusted network."""
    host, _, port = value.rpartition(":")
    is_path = value.startswith("unix:/") and len(value) > len("unix:/")
    is_host = HOST_NAME.fullmatch(host.strip("[]").lower()) is not None and port.isascii() and port.isdigit() and 0 < int(port) < 65536
    if not is_path and not is_host:
        raise ValueError("allowed are unix:/path/of/the/socket and host:port")
    return value


def host_names(value: str) -> frozenset[str]:
    """Hosts separated by commas: names or addresses, without scheme, port or path."""
    hosts = frozenset(each.strip().lower() for each in value.split(","))
    if not all(HOST_NAME.fullmatch(host) for host in hosts):
        raise ValueError("allowed are names or addresses of hosts, separated by commas")
    return hosts


def bucket(value: str) -> str:
    if not BUCKET_NAME.fullmatch(value):
        raise ValueError("allowed are 3 to 63 small letters, digits, dots and hyphens")
    return value


def push_key(value: str) -> str:
    try:
        number = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except ValueError:
        number = b""
    if len(number) != 32:
        raise ValueError("allowed are 32 bytes in base64url, 43 characters")
    return value.rstrip("=")


def setting(variable: str, read: Reader, default: Any, meaning: str, *, shown: str = "", hidden: bool = False) -> Any:
    """One row of the table of settings.

    `default` is a value, or a function of the settings above it; `shown` is how the documentation words the default;
    `hidden` keeps the value out of repr() and allows VARIABLE_FILE, a file that holds it.
    """
    return field(repr=not hidden, metadata={"variable": PREFIX + variable, "read": read, "default": default, "help": meaning,
                                            "shown": shown or str(default), "hidden": hidden})


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings from the environment; rules of the installation are rows in the database instead."""

    data: Path = setting("DATA", folder, lambda _: Path("var").absolute(),
                         "Folder for the SQLite database, files, keys and logs.", shown="var")
    database_url: str = setting("DATABASE_URL", database, lambda so_far: f"sqlite:///{so_far['data'] / 'langbiang.db'}",
                                "SQLAlchemy address of the database: SQLite for one machine, PostgreSQL 15 or later for several.",
                                shown="sqlite, langbiang.db in the data folder", hidden=True)
    replica_url: str = setting("REPLICA_URL", replica, "",
                               "Address of a streaming replica of the database (PostgreSQL), from which people who are not signed in are "
                               "shown what is published. Not set: all is read from the database itself.", shown="not set", hidden=True)
    replica_lag: int = setting("REPLICA_LAG", whole_number(5, 3600), 10,
                               "Seconds the replica may be behind; beyond that public pages are read from the database itself.")
    synchronous_standbys: int = setting("SYNCHRONOUS_STANDBYS", whole_number(0, 9), 0,
                                        "Synchronous standbys the database (PostgreSQL) is to have; that there are fewer is said on the "
                                        "health page and to who watches. The role of the program needs pg_read_all_stats to see them.")
    host: str = setting("HOST", text, "127.0.0.1", "Address the server listens on.")
    port: int = setting("PORT", whole_number(1, 65535), 8080, "Port the server listens on.")
    base_url: str = setting("BASE_URL", web_address, lambda so_far: f"http://127.0.0.1:{so_far['port']}",
                            "Address people type; links and QR codes start with it. With https, cookies are sent over https only.",
                            shown="http://127.0.0.1 and the port")
    allow_plain_http: bool = setting("ALLOW_PLAIN_HTTP", switch, False,
                                     "yes: serve plain http beyond this machine, for a trial in a closed network.", shown="no")
    secret_key: str = setting("SECRET_KEY", secret, lambda so_far: secret_at(so_far["data"] / SECRET_KEY),
                              "Signs cookies and forms. Several machines need the same one.",
                              shown="made once, kept in keys/secret_key in the data folder", hidden=True)
    secret_key_before: str = setting("SECRET_KEY_BEFORE", secret, lambda so_far: kept_before(so_far["data"] / SECRET_KEY),
                                     "The secret before the present one: what it signed is still taken. For a while after a change.",
                                     shown="keys/secret_key.before in the data folder, where langbiang keys left one", hidden=True)
    keyring: Path = setting("KEYRING", folder, lambda so_far: so_far["data"] / "keys" / "keyring.json",
                            "File with the keys that seal reporters, contacts and original files. Back it up apart from the data.",
                            shown="keys/keyring.json in the data folder")
    language: str = setting("LANGUAGE", one_of(*LANGUAGES), "vi", "Language of a visitor who has chosen none, and whose browser does not "
                          "ask for one of the two alone: vi or en.")
    max_photo_mb: int = setting("MAX_PHOTO_MB", whole_number(1, 100), 15, "Largest photo accepted, in megabytes (10^6 bytes).")
    processes: int = setting("PROCESSES", whole_number(1, 64), 1, "Server processes on the same port; as many as there are processors.")
    threads: int = setting("THREADS", whole_number(1, 64), 8, "Requests one server process works on at the same time.")
    pmtiles: Path = setting("PMTILES", folder, lambda so_far: so_far["data"] / "maps" / "base.pmtiles",
                            "PMTiles file with a Protomaps base map, drawn under maps where no tile address is set.",
                            shown="maps/base.pmtiles in the data folder")
    find_faces: bool = setting("FIND_FACES", switch, True,
                               "no: the worker looks for no faces in new photos, even where the extra faces is installed.", shown="yes")
    seals: Path | None = setting("SEALS", folder, None,
                                 "JSON file of the seals and signatures letters can be sealed with; docs/sealing.md shows one. Not set: "
                                 "letters are sealed elsewhere.", shown="not set")
    trust: Path | None = setting("TRUST", folder, None,
                                 "Folder with the certificates (PEM) of the authorities whose signatures we trust. Not set: none is "
                                 "trusted.",
                                 shown="not set")
    smtp_url: str = setting("SMTP_URL", mail_server, "",
                            "Server that takes our e-mails: smtp://user:password@host:587?tls=starttls, smtps:// for TLS from the first "
                            "byte; tls=no only on this machine. Not set: no e-mail is sent.", shown="not set", hidden=True)
    mail_from: str = setting("MAIL_FROM", mail_sender, "",
                             "Sender of our e-mails, such as phananh@example.vn or Trung tâm <phananh@example.vn>. Needed with SMTP_URL.",
                             shown="not set")
    sms_url: str = setting("SMS_URL", gateway_address, "",
                           "Address of an SMS gateway that takes {\"to\", \"text\"} as JSON. Not set: no SMS is sent.", shown="not set")
    sms_token: str = setting("SMS_TOKEN", text, "", "Sent to the SMS gateway as Authorization: Bearer.", shown="not set", hidden=True)
    zns_url: str = setting("ZNS_URL", gateway_address, "https://business.openapi.zalo.me/message/template",
                           "Address that takes messages for Zalo ZNS.")
    zns_token: str = setting("ZNS_TOKEN", text, "", "Access token of the Zalo Official Account. Not set: nothing is sent by Zalo.",
                             shown="not set", hidden=True)
    inside_hosts: frozenset[str] = setting("INSIDE_HOSTS", host_names, frozenset(),
                                           "Hosts of this network the program may call, such as an SMS gateway: sms.example.vn,10.0.0.5. "
                                           "All others are called on the internet alone.", shown="none")
    breached_passwords: Path | None = setting("BREACHED_PASSWORDS", folder, None,
                                              "File of passwords that were stolen and published, sorted by its bytes: SHA-1 digests as "
                                              "Have I Been Pwned gives them out, or one password a line. None of them is taken for a new "
                                              "one. Not set: only the ten thousand most used are refused.", shown="not set")
    clamav: str = setting("CLAMAV", scanner_address, "",
                          "ClamAV daemon that looks at every file people send: unix:/run/clamav/clamd.ctl or host:3310, which has to lie "
                          "in a network that is trusted. Not set: files are not scanned.", shown="not set")
    clamav_down: str = setting("CLAMAV_DOWN", one_of("refuse", "accept"), "refuse",
                               "What happens to files while the daemon does not answer: refuse, or accept them unscanned.")
    oidc: Path | None = setting("OIDC", folder, None,
                                "JSON file of the providers people can sign in with (OpenID Connect); docs/sign-in.md shows one. Not set: "
                                "nobody signs in elsewhere.", shown="not set")
    push: bool = setting("PUSH", switch, True, "no: browsers are sent no notices. They need a direct way to the internet.", shown="yes")
    vapid_key: str = setting("VAPID_KEY", push_key, "",
                             "Private key that signs notices to browsers: 32 bytes in base64url. Several machines need the same one.",
                             shown="made once, kept in keys/vapid_key in the data folder", hidden=True)
    metrics: bool = setting("METRICS", switch, True, "no: /metrics is not there.", shown="yes")
    metrics_token: str = setting("METRICS_TOKEN", secret, "",
                                 "Who sends it as Authorization: Bearer reads /metrics from anywhere. Not set: from this machine alone.",
                                 shown="not set", hidden=True)
    slow_query_ms: int = setting("SLOW_QUERY_MS", whole_number(1, 600_000), 500,
                                 "A statement of the database that takes so many milliseconds is written to the log and counted.")
    tls_certificate: Path | None = setting("TLS_CERTIFICATE", folder, None,
                                           "Certificate the proxy in front serves https with (PEM), to be told of before it ends.",
                                           shown="not set")
    disks: tuple[Path, ...] = setting("DISKS", folders, (),
                                      "Folders whose disks are watched like that of the data folder, separated by commas: of PostgreSQL on "
                                      "this machine, of backups.", shown="none")
    s3_url: str = setting("S3_URL", web_address, "",
                          "Address of an S3-compatible storage for the files of several machines, such as https://s3.example.vn. Needs the "
                          "extra s3. Not set: files lie in the data folder.", shown="not set")
    s3_bucket: str = setting("S3_BUCKET", bucket, "", "Bucket in that storage, for this program alone and without versions.",
                             shown="not set")
    s3_key: str = setting("S3_KEY", text, "", "Id of the key that reads, writes, lists and deletes in the bucket.", shown="not set")
    s3_secret: str = setting("S3_SECRET", text, "", "Secret of that key.", shown="not set", hidden=True)
    s3_region: str = setting("S3_REGION", text, "us-east-1", "Region the storage signs for.")
    demo: bool = setting("DEMO", switch, False,
                         "yes: show that the data are invented, and let demonstration accounts sign in with one click.", shown="no")

    def __post_init__(self) -> None:
        if self.smtp_url and not self.mail_from:
            raise SettingRefused(f"{PREFIX}SMTP_URL is set, and {PREFIX}MAIL_FROM is not: e-mails need a sender.")
        self._refuse_half_a_bucket()
        if self.replica_url and self.is_sqlite:
            raise SettingRefused(f"{PREFIX}REPLICA_URL is set, and {PREFIX}DATABASE_URL is not one of PostgreSQL: SQLite has no replicas.")
        if self.is_secure or self.allow_plain_http:
            return
        for variable, value, host in (("BASE_URL", self.base_url, urlsplit(self.base_url).hostname or ""), ("HOST", self.host, self.host)):
            if not is_loopback(host):
                raise SettingRefused(f"{PREFIX}{variable} is {value!r}: beyond this machine {PREFIX}BASE_URL must start with https://, "
                                     f"because passwords and identities would travel readable. For a trial in a closed network set "
                                     f"{PREFIX}ALLOW_PLAIN_HTTP to yes.")

    def _refuse_half_a_bucket(self) -> None:
        parts = {"S3_URL": self.s3_url, "S3_BUCKET": self.s3_bucket, "S3_KEY": self.s3_key, "S3_SECRET": self.s3_secret}
        if any(parts.values()) and not all(parts.values()):
            missing = ", ".join(PREFIX + name for name, value in parts.items() if not value)
            raise SettingRefused(f"A bucket needs all of its settings; not set: {missing}.")
        parsed = urlsplit(self.s3_url)
        if parsed.scheme == "http" and not (is_loopback(parsed.hostname or "") or self.allow_plain_http):
            raise SettingRefused(f"{PREFIX}S3_URL must start with https://, because photos agencies and citizens see travel unsealed.")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Config:
        """Read every setting; raises SettingRefused at the first that is unknown or unusable."""
        refuse_unknown(environ)
        so_far: dict[str, Any] = {}
        for each in fields(cls):
            value = given(each.metadata, environ)
            if value is None:
                default = each.metadata["default"]
                so_far[each.name] = default(so_far) if callable(default) else default
            else:
                so_far[each.name] = read(each.metadata, value)
        return cls(**so_far)

    @property
    def is_secure(self) -> bool:
        """Whether people reach the program over https; cookies follow it."""
        return self.base_url.startswith("https://")

    @property
    def mail_address(self) -> str:
        """The sender's address without a name; empty where there is none."""
        return parseaddr(self.mail_from)[1]

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def files(self) -> Path:
        return self.data / "files"

    @property
    def log(self) -> Path:
        return self.data / "log"

    @property
    def max_photo_bytes(self) -> int:
        return self.max_photo_mb * 2**20


def given(row: Mapping[str, Any], environ: Mapping[str, str]) -> str | None:
    """The text given for a setting, from its variable or, for a secret, from the file named by VARIABLE_FILE; None if neither."""
    variable = row["variable"]
    value, path = environ.get(variable) or None, environ.get(f"{variable}_FILE") or None
    if not row["hidden"] or path is None:
        return value
    if value is not None:
        raise SettingRefused(f"{variable} and {variable}_FILE are both set: allowed is one of them.")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingRefused(f"{variable}_FILE is {path!r}: allowed is a readable text file ({error}).") from error


def read(row: Mapping[str, Any], value: str) -> Any:
    try:
        return row["read"](value)
    except ValueError as error:
        shown = "hidden here" if row["hidden"] else repr(value)
        raise SettingRefused(f"{row['variable']} is {shown}: {error}.") from error


def refuse_unknown(environ: Mapping[str, str]) -> None:
    """Refuse unknown LANGBIANG_ names: a mistyped one would silently leave the default in force."""
    known = {row.metadata["variable"] for row in fields(Config)}
    known |= {f"{row.metadata['variable']}_FILE" for row in fields(Config) if row.metadata["hidden"]}
    for name in environ:
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise SettingRefused(f"{name} is no setting of this program" + (f": did you mean {near[0]}?" if near else "."))


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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
