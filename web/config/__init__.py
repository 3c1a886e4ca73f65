"""Every setting of the program, read once and strictly from LANGBIANG_* variables; docs/settings.md lists them."""
from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from web.config.kept_secrets import SECRET_KEY, kept_before, secret_at
from web.config.readers import (
    Reader,
    bucket,
    database,
    folder,
    folders,
    gateway_address,
    host_name,
    host_names,
    is_loopback,
    mail_sender,
    mail_server,
    mailbox_server,
    one_of,
    plain_address,
    push_key,
    replica,
    scanner_address,
    secret,
    site_address,
    switch,
    text,
    web_address,
    whole_number,
    zalo_number,
)

PREFIX = "LANGBIANG_"
LANGUAGES = ("vi", "en")


class SettingRefused(ValueError):
    """A setting cannot be used; the text names the variable, the value and what is allowed."""


class StartRefused(Exception):
    """The program cannot start; the sentence says what is wrong and what to do."""


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
    base_url: str = setting("BASE_URL", site_address, lambda so_far: f"http://127.0.0.1:{so_far['port']}",
                            "Address people type, with its path where the proxy serves the program under one; links and QR codes "
                            "start with it. With https, cookies are sent over https only.",
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
    translations: tuple[Path, ...] = setting("TRANSLATIONS", folders, (), "Folders with catalogues of further languages for pages, each as "
                                             "CODE/LC_MESSAGES/messages.mo; names of centres and messages stay Vietnamese or English.",
                                             shown="none")
    max_photo_mb: int = setting("MAX_PHOTO_MB", whole_number(1, 100), 15, "Largest photo accepted, in megabytes (10^6 bytes).")
    processes: int = setting("PROCESSES", whole_number(1, 64), 1, "Server processes on the same port; as many as there are processors.")
    threads: int = setting("THREADS", whole_number(1, 64), 8, "Requests one server process works on at the same time.")
    wait_seconds: int = setting("WAIT_SECONDS", whole_number(1, 12), 5,
                                "Seconds a page may wait for one of those threads before it is refused with status 503, so that the queue "
                                "of an overloaded server stays short; what people send may wait four times as long.")
    pmtiles: Path = setting("PMTILES", folder, lambda so_far: so_far["data"] / "maps" / "base.pmtiles",
                            "PMTiles file with a Protomaps base map on this machine, drawn under maps where no tile address is set and "
                            "none was loaded (docs/base-map.md).",
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
    imap_url: str = setting("IMAP_URL", mailbox_server, "",
                            "Mailbox answers to our e-mails are fetched from, for this program alone: imaps://user:password@host:993, or "
                            "imap:// with ?tls=starttls; tls=no only on this machine. Needs MAILBOX and AUTHSERV_ID (docs/mail-in.md). Not "
                            "set: no e-mail is read, and ours ask nobody to answer.", shown="not set", hidden=True)
    mailbox: str = setting("MAILBOX", plain_address, "",
                           "Address of that mailbox, such as phanhoi@example.vn. Its server also takes what is sent to "
                           "phanhoi+anything@example.vn.", shown="not set")
    authserv_id: str = setting("AUTHSERV_ID", host_name, "",
                               "Name by which the mailbox's own server signs its Authentication-Results, such as mx.example.vn; it takes "
                               "such lines of others out.", shown="not set")
    sms_url: str = setting("SMS_URL", gateway_address, "",
                           "Address of an SMS gateway that takes {\"to\", \"text\"} as JSON. Not set: no SMS is sent.", shown="not set")
    sms_token: str = setting("SMS_TOKEN", text, "", "Sent to the SMS gateway as Authorization: Bearer.", shown="not set", hidden=True)
    zns_url: str = setting("ZNS_URL", gateway_address, "https://business.openapi.zalo.me/message/template",
                           "Address that takes messages for Zalo ZNS.")
    zns_token: str = setting("ZNS_TOKEN", text, "", "Access token of the Zalo Official Account, which somebody renews by hand. Not used "
                             "where ZALO_OA_ID is set; with neither nothing is sent by Zalo.", shown="not set", hidden=True)
    zalo_oa_id: str = setting("ZALO_OA_ID", zalo_number, "",
                              "Number of the Zalo Official Account. An administrator of its centre gives the permission under Cài đặt → "
                              "Zalo, and the worker renews it. Needs the other settings that begin with ZALO.", shown="not set")
    zalo_centre: str = setting("ZALO_CENTRE", text, "", "First part of the codes of the centre the account belongs to, such as LD.",
                               shown="not set")
    zalo_app_id: str = setting("ZALO_APP_ID", zalo_number, "", "Number of the app at developers.zalo.me.", shown="not set")
    zalo_app_secret: str = setting("ZALO_APP_SECRET", text, "", "Secret key of that app.", shown="not set", hidden=True)
    zalo_oauth_url: str = setting("ZALO_OAUTH_URL", gateway_address, "https://oauth.zaloapp.com/v4/oa",
                                  "Address below which Zalo gives permissions and tokens.")
    inside_hosts: frozenset[str] = setting("INSIDE_HOSTS", host_names, frozenset(),
                                           "Hosts of this network the program may call, such as an SMS gateway: sms.example.vn,"
                                           "10.0.0.5:9443. Named with a port, a host is called on it or on 443. All others are called on "
                                           "the internet alone.", shown="none")
    breached_passwords: Path | None = setting("BREACHED_PASSWORDS", folder, None,
                                              "File of passwords that were stolen and published, sorted by its bytes: SHA-1 digests as "
                                              "Have I Been Pwned gives them out, or one password a line. None of them is taken for a new "
                                              "one. Not set: only the ten thousand most used are refused.", shown="not set")
    clamav: str = setting("CLAMAV", scanner_address, "",
                          "ClamAV daemon that looks at every file people send: unix:/run/clamav/clamd.ctl or host:3310, which has to lie "
                          "in a network that is trusted. Not set: files are not scanned.", shown="not set")
    clamav_down: str = setting("CLAMAV_DOWN", one_of("refuse", "accept"), "refuse",
                               "What happens to files while the daemon does not answer: refuse, or accept them unscanned.")
    edxml_in: Path | None = setting("EDXML_IN", folder, None,
                                    "Folder in which packages of document exchange (edXML) arrive; docs/document-exchange.md. With "
                                    "EDXML_OUT or not at all. Not set: no documents are exchanged.", shown="not set")
    edxml_out: Path | None = setting("EDXML_OUT", folder, None, "Folder into which packages for other bodies are written.",
                                     shown="not set")
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
    take_back_seconds: int = setting("TAKE_BACK_SECONDS", whole_number(0, 60), 10,
                                     "Seconds in which publishing, answering in private, refusing, distributing and approving can be taken "
                                     "back; they are carried out after that. 0: at once.")
    demo: bool = setting("DEMO", switch, False,
                         "yes: show that the data are invented, and let demonstration accounts sign in with one click.", shown="no")

    def __post_init__(self) -> None:
        if self.smtp_url and not self.mail_from:
            raise SettingRefused(f"{PREFIX}SMTP_URL is set, and {PREFIX}MAIL_FROM is not: e-mails need a sender.")
        self._refuse_half_a_mailbox()
        self._refuse_half_a_bucket()
        self._refuse_half_an_exchange()
        self._refuse_half_a_zalo()
        if self.replica_url and self.is_sqlite:
            raise SettingRefused(f"{PREFIX}REPLICA_URL is set, and {PREFIX}DATABASE_URL is not one of PostgreSQL: SQLite has no replicas.")
        if self.is_secure or self.allow_plain_http:
            return
        for variable, value, host in (("BASE_URL", self.base_url, urlsplit(self.base_url).hostname or ""), ("HOST", self.host, self.host)):
            if not is_loopback(host):
                raise SettingRefused(f"{PREFIX}{variable} is {value!r}: beyond this machine {PREFIX}BASE_URL must start with https://, "
                                     f"because passwords and identities would travel readable. For a trial in a closed network set "
                                     f"{PREFIX}ALLOW_PLAIN_HTTP to yes.")

    def _refuse_half_a_mailbox(self) -> None:
        parts = {"IMAP_URL": self.imap_url, "MAILBOX": self.mailbox, "AUTHSERV_ID": self.authserv_id}
        if any(parts.values()) and not all(parts.values()):
            missing = ", ".join(PREFIX + name for name, value in parts.items() if not value)
            raise SettingRefused(f"Answers by e-mail need all of their settings; not set: {missing}.")

    def _refuse_half_a_bucket(self) -> None:
        parts = {"S3_URL": self.s3_url, "S3_BUCKET": self.s3_bucket, "S3_KEY": self.s3_key, "S3_SECRET": self.s3_secret}
        if any(parts.values()) and not all(parts.values()):
            missing = ", ".join(PREFIX + name for name, value in parts.items() if not value)
            raise SettingRefused(f"A bucket needs all of its settings; not set: {missing}.")
        parsed = urlsplit(self.s3_url)
        if parsed.scheme == "http" and not (is_loopback(parsed.hostname or "") or self.allow_plain_http):
            raise SettingRefused(f"{PREFIX}S3_URL must start with https://, because photos agencies and citizens see travel unsealed.")

    def _refuse_half_an_exchange(self) -> None:
        if (self.edxml_in is None) != (self.edxml_out is None):
            raise SettingRefused(f"Exchange of documents needs both {PREFIX}EDXML_IN and {PREFIX}EDXML_OUT, or neither.")
        if self.edxml_in is not None and self.edxml_in == self.edxml_out:
            raise SettingRefused(f"{PREFIX}EDXML_IN and {PREFIX}EDXML_OUT are the same folder: what was sent would come back.")

    def _refuse_half_a_zalo(self) -> None:
        parts = {"ZALO_OA_ID": self.zalo_oa_id, "ZALO_CENTRE": self.zalo_centre, "ZALO_APP_ID": self.zalo_app_id,
                 "ZALO_APP_SECRET": self.zalo_app_secret}  # fmt: skip
        if any(parts.values()) and not all(parts.values()):
            missing = ", ".join(PREFIX + name for name, value in parts.items() if not value)
            raise SettingRefused(f"A Zalo account needs all of its settings; not set: {missing}.")

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
    def root(self) -> str:
        """The path of the host we are served under, such as `/phan-anh`; empty where the host is ours alone."""
        return urlsplit(self.base_url).path

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
