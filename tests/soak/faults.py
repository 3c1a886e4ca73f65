"""What the program stands on fails while people work: disks, the database's server, mail, storage, the clock, and impatient or slow people.

In each round work is under way, then something fails for some seconds, then it is whole again. While it fails people may be refused, with
words of theirs and what they typed; afterwards the program goes on by itself (a disk that was remounted needs its programs started anew,
as a machine does), everything is brought to its end, and the auditor of `kills` looks at all of it: nothing acknowledged is lost, nothing
doubled, `verify` clean, every message gone out. Rounds that mount disks need root.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.kill.auditing import forget_connections
from tests.kill.journal import acts_told
from tests.kill.programs import Database
from tests.kill.site import PromiseBroken, Site, kept_when_broken, site
from tests.machines.bad_line import BadLine, LyingStorage
from tests.machines.storage import Storage
from tests.soak.fault_crowds import half_sent, sent_at_once
from tests.soak.fault_disks import Disk, Ext4, mount_apart
from tests.soak.jobs import FAKETIME
from tests.soak.runs import RESULTS, Options, Round, Run

CITIZENS = 4
LONGEST_FAULT = 240.0
"""A database goes on for a while with the room it has taken already."""

RECOVERS_WITHIN = 90.0
"""Seconds after the fault until somebody is told again that something was done."""

SMTP_WAYS = ("down", "mute", "slow", "cut")
SMTP_ORDERS = ("451", "421", "hang up", "taken, then hang up", "twice")
STORAGE_WAYS = ("down", "500", "forgets", "half", "wrong bytes", "slow")


def endured(
    at_work: Site, begin: Callable[[], object], end: Callable[[], object], seconds: float, *, until_refused: bool = False
) -> dict[str, Any]:
    """Let it fail for so long, or `until_refused` for longer, and be whole again; wait until acts are acknowledged once more."""
    around, journals = at_work.around, at_work.around.journals
    before, refused = sum(acts_told(journals).values()), around.refusals.total()
    around.trouble.set()
    begin()
    failed = time.monotonic()
    while time.monotonic() - failed < seconds or (until_refused and around.refusals.total() == refused):
        if time.monotonic() - failed > LONGEST_FAULT:
            raise PromiseBroken("nobody was refused: the fault was none")
        time.sleep(0.1)
    during = sum(acts_told(journals).values())
    end()
    whole = time.monotonic()
    while sum(acts_told(journals).values()) <= during:
        if time.monotonic() - whole > RECOVERS_WITHIN:
            raise PromiseBroken(f"nothing was acknowledged in {RECOVERS_WITHIN:.0f} seconds after the fault was over")
        time.sleep(0.1)
    recovered = time.monotonic() - whole
    time.sleep(2)                                                          # what was sent into the fault is still being answered
    around.trouble.clear()
    return {"acts_meanwhile": during - before, "refusals": around.refusals.total() - refused, "recovered_seconds": round(recovered, 1)}


@contextmanager
def at_work(folder: Path, database: Database | None, seed: int, **how: Any) -> Iterator[Site]:
    with site(folder, database, seed, citizens=CITIZENS, **how) as made:
        made.begin()
        yield made


@contextmanager
def postgresql(ground: Path | None = None) -> Iterator[Database]:
    database = Database(ground)
    try:
        database.start()
        yield database
    finally:
        database.stop()


def folder_for(name: str) -> Any:
    return kept_when_broken("faults", RESULTS / f"faults-broken-{name}")


def everything_full(options: Options) -> dict[str, Any]:
    """SQLite, files and log on one disk without a byte free."""
    mount_apart()
    with folder_for("sqlite-full") as folder, ExitStack() as later:
        disk = Disk(folder / "disk", 160)
        later.callback(disk.put_away)
        with at_work(folder, None, options.seed, installation=disk.at / "installation") as house, ExitStack() as fault:
            found = endured(house, lambda: fault.enter_context(disk.full()), fault.close, options.runs, until_refused=True)
            return found | house.finish()


def sqlite_fails(options: Options) -> dict[str, Any]:
    """The disk of SQLite and files fails, so that the kernel takes only reads; it is mended and the programs are started anew."""
    mount_apart()
    with folder_for("sqlite-read-only") as folder, ExitStack() as later:
        disk = Ext4(folder / "disk", 256)
        later.callback(disk.put_away)
        with at_work(folder, None, options.seed, installation=disk.at / "installation") as house:
            def mend() -> None:
                house.server.stop()
                for worker in house.workers:
                    worker.stop()
                forget_connections()
                disk.mend()
                house.server.start()
                for worker in house.workers:
                    worker.start()

            found = endured(house, disk.fail, mend, options.runs, until_refused=True)
            return found | house.finish()


def files_fail(options: Options, how: str) -> dict[str, Any]:
    """The disk of the files, beside a database that works: `full` or `read_only`."""
    mount_apart()
    with folder_for(f"files-{how}") as folder, postgresql() as database, ExitStack() as later:
        disk = Disk(folder / "installation" / "data" / "files", 48)
        later.callback(disk.put_away)
        disk.at.chmod(0o700)
        with at_work(folder, database, options.seed) as house, ExitStack() as fault:
            found = endured(house, lambda: fault.enter_context(getattr(disk, how)()), fault.close, options.runs, until_refused=True)
            return found | house.finish()


def database_full(options: Options) -> dict[str, Any]:
    """PostgreSQL's disk without a byte free, its log of transactions too. Where it gives up it is started once there is room."""
    mount_apart()
    with folder_for("postgresql-full") as folder, ExitStack() as later:
        disk = Disk(folder / "disk", 400)
        later.callback(disk.put_away)
        with postgresql(disk.at) as database, at_work(folder, database, options.seed) as house, ExitStack() as fault:
            told: dict[str, Any] = {}

            def room() -> None:
                fault.close()
                told["postgresql_gave_up"] = database.has_ended()
                database.revive()
                forget_connections()

            found = endured(house, lambda: fault.enter_context(disk.full()), room, options.runs, until_refused=True)
            return found | told | house.finish()


def database_reads_only(options: Options) -> dict[str, Any]:
    """PostgreSQL takes only reads, as a server does that has become a standby."""
    with folder_for("postgresql-read-only") as folder, postgresql() as database:
        def put(value: str) -> None:
            with database.connect() as connection:
                connection.execute("SET default_transaction_read_only = off")
                connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")     # type: ignore[arg-type]
                connection.execute("SELECT pg_reload_conf()")

        with at_work(folder, database, options.seed) as house:
            found = endured(house, lambda: put("on"), lambda: put("off"), options.runs, until_refused=True)
            return found | house.finish()


def mail_fails(options: Options) -> dict[str, Any]:
    """The mail server is away, says nothing, is slow, breaks off; then answers in every wrong way: people notice nothing."""
    with folder_for("mail") as folder, postgresql() as database, ExitStack() as later, site(
        folder, database, options.seed, citizens=CITIZENS, smtp="direct"
    ) as house:
        line = BadLine(house.mail.port)
        later.callback(line.close)
        for worker in house.workers:
            worker.stop()
            worker.variables = {**worker.variables, "LANGBIANG_SMTP_URL": f"smtp://127.0.0.1:{line.port}?tls=no"}
            worker.start()
        house.begin()
        found: dict[str, Any] = {}
        for way in SMTP_WAYS:
            def spoil(way: str = way) -> None:
                line.mode = way

            found[way] = endured(house, spoil, lambda: setattr(line, "mode", "pass"), options.runs)
            if found[way]["refusals"]:
                raise PromiseBroken(f"people were refused because the mail server was {way}")
        for order in SMTP_ORDERS:
            came = len(house.mail.bytes)
            house.mail.order(*[order] * 3)
            found[order] = endured(house, lambda: None, lambda: None, options.runs / 2)
            found[order]["letters"] = len(house.mail.bytes) - came
        return {"ways": found} | house.finish()


def storage_fails(options: Options) -> dict[str, Any]:
    """A storage that is away, answers 500, throws away what it says it has stored, breaks off, changes bytes, is slow."""
    with folder_for("storage") as folder, postgresql() as database, ExitStack() as later:
        storage = Storage().start()
        later.callback(storage.stop)
        storage.make_bucket()
        lying = LyingStorage(storage.host, storage.port)
        later.callback(lying.close)
        more = storage.variables() | {"LANGBIANG_S3_URL": lying.url}
        with at_work(folder, database, options.seed, more=more) as house:
            found: dict[str, Any] = {}
            for way in STORAGE_WAYS:
                def lie(way: str = way) -> None:
                    lying.mode, lying.met = way, 0

                found[way] = endured(house, lie, lambda: setattr(lying, "mode", "pass"), options.runs)
                found[way]["requests_met"] = lying.met
                if not lying.met:
                    raise PromiseBroken(f"nothing met a storage that is {way}")
            return {"ways": found} | house.finish()


def clock_jumps(options: Options, hours: int) -> dict[str, Any]:
    """The clock of the server and the workers is put while people work, and put right again."""
    if FAKETIME is None:
        raise PromiseBroken("needs the Debian package libfaketime: apt-get install -y --no-install-recommends libfaketime")
    with folder_for("clock") as folder, postgresql() as database:
        offset = folder / "clock"

        def put(text: str) -> None:
            new = offset.with_name("clock.new")                         # whoever read half a line would end
            new.write_text(text)
            new.replace(offset)

        put("+0")
        more = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1"}  # fmt: skip
        with at_work(folder, database, options.seed, more=more) as house:
            found = endured(house, lambda: put(f"{hours * 3600:+d}"), lambda: put("+0"), options.runs)
            return found | house.finish()


def doubled_sendings(options: Options) -> dict[str, Any]:
    """The same forms sent many times at one moment, reports of browsers that waited among them; every message leaves once."""
    with folder_for("doubled") as folder, postgresql() as database, at_work(folder, database, options.seed) as house:
        found = sent_at_once(house, times=max(options.runs // 4, 2))
        ended = house.finish()
        if ended["sms"]["doubled"]:
            raise PromiseBroken(f"{ended['sms']['doubled']} messages left twice though nothing failed")
        return found | ended


def slow_uploads(options: Options, server: str) -> dict[str, Any]:
    """Forty people hang in the middle of an upload, while others go on working: in front of `langbiang serve`, or of nginx and gunicorn."""
    with folder_for(f"uploads-{server}") as folder, postgresql() as database, at_work(folder, database, options.seed) as house:
        return half_sent(house, server=server, seconds=options.runs) | house.finish()


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield "disk full: SQLite, files, log", lambda: everything_full(options)
    yield "disk full: files", lambda: files_fail(options, "full")
    yield "disk full: PostgreSQL", lambda: database_full(options)
    yield "read-only: SQLite and files", lambda: sqlite_fails(options)
    yield "read-only: files", lambda: files_fail(options, "read_only")
    yield "read-only: PostgreSQL", lambda: database_reads_only(options)
    yield "mail", lambda: mail_fails(options)
    yield "storage", lambda: storage_fails(options)
    yield "clock put forward", lambda: clock_jumps(options, 2)
    yield "clock put back", lambda: clock_jumps(options, -2)
    yield "sent many times", lambda: doubled_sendings(options)
    yield "half-sent uploads: langbiang serve", lambda: slow_uploads(options, "serve")
    yield "half-sent uploads: nginx and gunicorn", lambda: slow_uploads(options, "gunicorn")


RUN = Run("faults", "seconds each fault lasts: disks, read-only, mail, storage, clock, doubled, half-sent (disks need root)", 20, rounds)
