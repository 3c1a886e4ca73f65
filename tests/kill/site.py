"""An installation with everything running and people at work in it, and how it is brought to its end and looked at."""
from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import build
from tests.kill.auditing import Auditor, auditing, await_empty_outbox, hurry_messages, wrong_messages
from tests.kill.installation import CITIZENS, prepare
from tests.kill.journal import acts_told
from tests.kill.killing import EVERYTHING, Server, let_work
from tests.kill.people import Citizen, Person, Staff, Surroundings
from tests.kill.programs import Database, Worker
from tests.messages.house import MAIL_FROM
from tests.outside import Outside, running

WORKERS = 2
BEGINNING, AFTERWARDS = 240.0, 240.0
LONG_PATIENCE = 400.0
"""Seconds a person goes on trying: the same form may meet several faults."""

OTHERS = {"LANGBIANG_FIND_FACES": "no", "LANGBIANG_PUSH": "no"}


class PromiseBroken(Exception):
    """Something was lost or doubled, somebody got an answer nobody should get, or a control was not found out."""


@contextmanager
def at_work(people: Sequence[Person], around: Surroundings) -> Iterator[None]:
    """Those people at work until the block ends. Raises PromiseBroken with what they complain of."""
    for person in people:
        person.start()
    try:
        yield
    finally:
        around.stop.set()
        _await_the_end(people, around)
    if around.complaints:
        raise PromiseBroken("; ".join(around.complaints[:20]))


def _await_the_end(people: Sequence[Person], around: Surroundings) -> None:
    """Until all of them have stopped who began; who goes on is complained of."""
    for person in people:
        if person.ident is not None:
            person.join(LONG_PATIENCE)
    around.complaints += [f"{person.name} is still at it" for person in people if person.is_alive()]


@dataclass
class Site:
    """Everything in it that can fail, those who work in it, and who looks at it."""

    folder: Path
    variables: dict[str, str]
    server: Server
    workers: list[Worker]
    database: Database | None
    around: Surroundings
    auditor: Auditor
    gateway: Outside
    mail: Outside
    people: list[Person] = field(default_factory=list)

    def begin(self) -> None:
        """Let everybody come, and return when work is under way."""
        for person in self.people:
            person.start()
        let_work(self.around.journals, {"file_report", "verify"}, BEGINNING)

    def finish(self, *, kinds: set[str] = EVERYTHING) -> dict[str, Any]:
        """Let all acts come to their end and all messages leave, and look at everything. Raises PromiseBroken."""
        let_work(self.around.journals, kinds, AFTERWARDS)
        self.around.stop.set()
        _await_the_end(self.people, self.around)
        for worker in self.workers:
            worker.stop()
        hurry_messages()
        for worker in self.workers:
            worker.start()
        emptied = await_empty_outbox()
        told: dict[str, Any] = {"told": acts_told(self.around.journals), "outbox_empty_after_seconds": round(emptied, 1)}
        broken = [*self.around.complaints, *self.auditor.look_at_all()]
        for channel, arrived in (("sms", self.texts()), ("email", self.letters())):
            wrong, told[channel] = wrong_messages(arrived, channel=channel)
            broken += wrong
        if broken:
            raise PromiseBroken("; ".join(broken[:20]))
        return told

    def texts(self) -> list[str]:
        """The tokens of the SMS that arrived, in order."""
        return [request["headers"]["Idempotency-Key"] for request in self.gateway.requests]

    def letters(self) -> list[str]:
        """The tokens of the e-mails that arrived, in order."""
        return [str(letter["Message-ID"]).strip("<>").partition("@")[0] for letter in self.mail.letters]


@contextmanager
def site(folder: Path, database: Database | None, seed: int, *, citizens: int = CITIZENS, installation: Path | None = None,
         more: Mapping[str, str] | None = None, smtp: str | None = None, announces: bool = False,
         more_staff: int = 0) -> Iterator[Site]:  # fmt: skip
    """An installation with its server and workers running; people come with `begin`. With `announces` the server can be aimed at.

    `installation` is the folder of its data, else one in `folder`; `more` are variables, the names without LANGBIANG_ among them of the
    processes alone; with `smtp`, an address, citizens write down an e-mail address and letters leave by it (`direct`: without anything
    between), else SMS do. With `more_staff` there are so many more of each kind.
    """
    with ExitStack() as outside:
        mail = outside.enter_context(running("mail", folder / "mail"))
        gateway = outside.enter_context(running("gateway", folder / "gateway"))
        database_url = None if database is None else database.create("people")
        variables, staff = prepare(installation or folder / "installation", database_url, more=more_staff)
        variables |= OTHERS | {name: value for name, value in (more or {}).items() if name.startswith("LANGBIANG_")}
        if smtp is None:
            variables["LANGBIANG_SMS_URL"] = f"http://127.0.0.1:{gateway.port}/sms"
        else:
            host = f"127.0.0.1:{mail.port}" if smtp == "direct" else smtp
            variables |= {"LANGBIANG_SMTP_URL": f"smtp://{host}?tls=no", "LANGBIANG_MAIL_FROM": MAIL_FROM}
        of_processes = variables | {name: value for name, value in (more or {}).items() if not name.startswith("LANGBIANG_")}
        journals = folder / "journals"
        journals.mkdir()
        auditor = outside.enter_context(auditing(variables, journals))
        server = Server(of_processes, folder / "server.log", announces=announces)
        workers = [Worker(of_processes, folder / f"worker-{number}.log") for number in range(WORKERS)]
        around = Surroundings(server.address, journals, patience=LONG_PATIENCE)
        made = Site(folder, variables, server, workers, database, around, auditor, gateway, mail)
        Staff.password = build.PASSWORD
        made.people += [Citizen(f"citizen_{number}", around, seed) for number in range(1, citizens + 1)]
        if smtp is not None:
            for person in made.people:
                person.email = f"{person.who}@nguoi-dan.example"
        made.people += [Staff(login, around, seed) for login in staff]
        try:
            server.start()
            for worker in workers:
                worker.start()
            yield made
        finally:
            around.stop.set()
            for worker in workers:
                worker.stop()
            server.stop()


@contextmanager
def kept_when_broken(run: str, kept: Path) -> Iterator[Path]:
    """A folder for an installation, thrown away unless something is wrong: then its logs and journals are kept in another."""
    with tempfile.TemporaryDirectory(prefix=f"langbiang-{run}-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            yield folder
        except BaseException:
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(folder, kept, ignore=shutil.ignore_patterns("files", "*.taken", "*.db*", "keys", "disk", "ballast*"),
                            ignore_dangling_symlinks=True)
            raise
