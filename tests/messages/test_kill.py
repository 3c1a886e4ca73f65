"""kill -9 of a worker between gateway and mark: doubled or lost exactly as casework.messages.sending says of each channel, never both."""
from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask

from tests.messages.house import BY_MAIL, BY_PHONE, House, gateways_to, has_zns, quiet_case
from tests.messages.worker import started
from tests.outside import Outside, running


def test_what_a_killed_worker_had_handed_over_is_doubled_by_email_and_lost_by_zalo(
    sqlite_environment: dict[str, str], sqlite_app: Flask, tmp_path: Path
) -> None:
    with running("mail", tmp_path / "mail") as mail, running("gateway", tmp_path / "gateway") as gateway:
        # the worker has a clock of its own; what is urgent waits for the end of no quiet hours
        house = House(sqlite_app, gateways_to(mail, gateway), now=datetime.now(UTC))
        has_zns("due_sooner")
        for case in [quiet_case(house.world, contact) for contact in (BY_MAIL, BY_PHONE)]:
            house.tell(case, "due_sooner", due_at=house.now.isoformat(), urgent=True)
        house.route()
        mail.order("hold")
        gateway.order("hold")
        kill_a_worker(sqlite_environment, mail, gateway)
        assert [(row.channel, row.attempts, row.sent_at) for row in house.deliveries] == [("email", 1, None), ("zns", 1, None)]
        assert (house.send("email"), house.send("zns")) == (0, 0), "the lease of the killed one still runs"
        for _ in range(2):
            house.now = datetime.now(UTC) + timedelta(minutes=3)
            house.send("email")
            house.send("zns")
        first, second = mail.letters
        assert (first["Message-ID"], first.get_body(("plain",)).get_content()) == (  # type: ignore[union-attr]
            second["Message-ID"], second.get_body(("plain",)).get_content())  # type: ignore[union-attr]  # fmt: skip
        email, zns = house.deliveries
        assert (email.sent_at is not None, email.attempts) == (True, 2)
        assert len(gateway.requests) == 1
        assert (zns.sent_at, zns.last_error, zns.given_up_at is not None) == (None, "unknown", True)


def kill_a_worker(variables: dict[str, str], mail: Outside, gateway: Outside) -> None:
    """Until both servers outside hold what it has handed over; then SIGKILL."""
    worker = started(variables, mail, gateway)
    try:
        mail.wait_for(1)
        gateway.wait_for(1)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
