"""A process that was stopped in the middle of a step keeps nobody else from the case for long."""
from __future__ import annotations

import os
import signal
import time
import traceback

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from casework import db as database
from casework.db import db, unit_of_work
from casework.db_errors import is_lock_timeout, is_unreachable
from casework.models import Centre
from tests import build
from tests.conftest import running
from web.config import Config

pytestmark = pytest.mark.exhaustive

IDLE_SECONDS, WAIT_SECONDS = 1, 60
STOPPED, TOLD_SO = 0, 7


def stop_in_a_step(config: Config, told: int) -> None:
    """What a worker does that stops itself while it holds a row, and goes on when it is woken; ends with what it found then.

    It tells when it was about to take the row, by the clock of the machine.
    """
    with running(config):
        try:
            with unit_of_work():
                os.write(told, repr(time.monotonic()).encode())
                db.session.scalars(select(Centre).with_for_update()).one().name_vi = "Của người đứng lại"
                db.session.flush()
                os.kill(os.getpid(), signal.SIGSTOP)
        except SQLAlchemyError as error:
            os._exit(TOLD_SO if is_unreachable(error) else 1)
        os._exit(STOPPED)


def test_the_rows_of_a_stopped_process_are_free_again_and_it_is_told(postgres_environment: dict[str, str],
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "IDLE_SECONDS", IDLE_SECONDS)
    monkeypatch.setattr(database, "LOCK_TIMEOUT_SECONDS", 0.1)
    config = Config.from_environment(postgres_environment)
    with running(config):
        with unit_of_work():
            build.centre()
        db.engine.dispose()
        tells, told = os.pipe()
        pid = os.fork()
        if not pid:
            try:
                stop_in_a_step(config, told)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        os.waitpid(pid, os.WUNTRACED)
        try:
            end = time.monotonic() + WAIT_SECONDS
            while not renamed():
                assert time.monotonic() < end
            assert time.monotonic() - float(os.read(tells, 100)) >= IDLE_SECONDS, "it is kept for a while, as by anybody at work"
        finally:
            os.kill(pid, signal.SIGCONT)
            _pid, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == TOLD_SO, "what it did is lost, so it does it again"
        assert db.session.scalars(select(Centre)).one().name_vi == "Của người làm tiếp"


def rename() -> None:
    with unit_of_work():
        db.session.scalars(select(Centre).with_for_update()).one().name_vi = "Của người làm tiếp"


def renamed() -> bool:
    try:
        rename()
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        return False
    return True
