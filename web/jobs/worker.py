"""`langbiang worker`: runs the table of recurring jobs with APScheduler. Any number of workers may run, since each job claims its rows."""

import ctypes
import signal
import sys
import threading
from datetime import datetime
from functools import partial

from flask import Flask

from casework.accounts.outside_identities import sweep_outside
from casework.accounts.passkeys import drop_old_challenges
from casework.accounts.pending_sign_ins import drop_old_begun
from casework.area_news.telling import tell_areas
from casework.contacts.codes import sweep_codes, way_to
from casework.contacts.devices import forget_unused_devices
from casework.contacts.sign_in_tickets import sweep_tickets
from casework.db import unit_of_work
from casework.doors.repeats import drop_old_repeats
from casework.erasure.files import remove_erased_files
from casework.mail_in.addresses import forget_old_addresses
from casework.mail_in.keeping import forget_old_letters
from casework.messages.choices import CHANNELS
from casework.messages.retention import forget_sent
from casework.messages.routing import route_messages
from casework.messages.sending import send_waiting
from casework.outputs import forget_outputs
from casework.privacy.dead_addresses import forget_old_dead
from casework.rate_limits import drop_old_counters, drop_old_keys
from casework.upkeep.unsent_files import sweep_unsent
from casework.verification.anchors import write_anchor
from casework.zalo.consent import forget_consents
from casework.zalo.renewal import renew_when_due
from web.clock import now
from web.documents.making import make_letter_files
from web.documents.sealing_job import seal_letters
from web.files.storage import shelf_of
from web.gateways.opening import page_addresses
from web.jobs import output_makers as makers  # noqa: F401  (brings what makes each kind)
from web.jobs.documents_exchanged import exchange_documents
from web.jobs.faces import seek_faces
from web.jobs.photos_elsewhere import fetch_photos
from web.jobs.recordings import prepare_recordings
from web.jobs.webhooks import tell_endpoints
from web.mail_in.fetching import fetch_letters
from web.mail_in.taking import take_letters
from web.outputs.making import make_outputs
from web.request_log import forget_old_logs
from web.watching.jobs import Jobs, perform
from workflows.desks.digests import plan_morning
from workflows.desks.unconfirmed import set_apart_unconfirmed
from workflows.jobs import Job, recurring_jobs
from workflows.moving.batch import forget_rows_before

PR_SET_DUMPABLE = 4
ROUTED_TOGETHER = 100
"""Messages routed in one unit of work."""


def work(app: Flask) -> None:
    """Run the jobs until SIGTERM or Ctrl-C; a running job is finished first."""
    close_to_others()
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    jobs = start_jobs(app)
    stopped.wait()
    jobs.shutdown(wait=True)


def close_to_others() -> None:
    """Keep other processes of the same user from reading this one's memory and environment, which hold the keys: forged recordings are
    decoded in a process of that user (casework/recordings/remux.py)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def start_jobs(app: Flask, kind: str = "worker") -> Jobs:
    jobs = Jobs(app, jobs_of(app), kind)
    jobs.start()
    return jobs


def jobs_of(app: Flask) -> list[Job]:
    """Every job, including those that need this installation's folders."""
    return recurring_jobs(
        {
            "route_messages": lambda moment: route(app, moment),
            "plan_digests": lambda moment: plan_morning(moment, configured=frozenset(app.extensions["gateways"])),
            "tell_areas": lambda moment: tell_areas(moment, configured=frozenset(app.extensions["gateways"])),
            **{f"send_{channel}": partial(send, app, channel) for channel in CHANNELS},
            "renew_zalo": lambda moment: renew_zalo(app, moment),
            "sweep_files": lambda moment: sweep(app, moment),
            "erase_files": lambda moment: remove_erased_files(app.extensions["file_store"], now=moment),
            "write_anchors": lambda moment: write_anchor(app.config["DATA"], now=moment, shelf=shelf_of(app.extensions["file_store"])),
            "prepare_recordings": lambda moment: prepare_recordings(app.extensions["file_store"], now=moment),
            "set_apart_unconfirmed": lambda moment: set_apart_unconfirmed(moment, provable=provable_kinds(app, moment)),
            "sweep_codes": forget_codes,
            "exchange_documents": lambda moment: exchange_documents(app, moment),
            "fetch_photos": lambda moment: fetch_photos(app, moment),
            "fetch_letters": lambda moment: fetch_letters(app, moment),
            "take_letters": lambda moment: take_letters(app, moment),
            "tell_endpoints": lambda moment: tell_endpoints(app, moment),
            "make_letter_files": lambda moment: make_letter_files(app, app.extensions["file_store"], now=moment),
            "seal_letters": lambda moment: seal_letters(app, app.extensions["file_store"], now=moment),
            "make_outputs": lambda moment: make_outputs(app, app.extensions["file_store"], now=moment),
            "seek_faces": lambda moment: seek_faces(app.extensions["file_store"], now=moment) if app.config["FIND_FACES"] else 0,
        }
    )


def run_job(app: Flask, job: Job) -> bool:
    """Run one job; returns whether it succeeded."""
    return not perform(app, job).has_failed


def sweep(app: Flask, moment: datetime) -> list[str]:
    """Remove what is no longer needed: photos of unsent forms, files without rows, old counters, form keys, unused browsers, old traces of
    files, messages and letters that came, previous states of moved cases, logs of ended processes."""
    with unit_of_work():
        drop_old_counters(moment)
        drop_old_keys(moment)
        drop_old_repeats(moment)
        forget_unused_devices(moment)
        forget_outputs(moment)
        forget_old_addresses(moment)
        forget_old_letters(moment)
        forget_old_dead(moment)
    forget_sent(moment)
    forget_rows_before(moment)
    forget_old_logs(app.config["DATA"] / "log", now=moment)
    return sweep_unsent(app.extensions["file_store"], now=moment)


def forget_codes(moment: datetime) -> int:
    """Delete expired one-time codes, unopened tickets of host applications, and unfinished sign-ins and consents."""
    with unit_of_work():
        sweep_tickets(moment)
        drop_old_challenges(moment)
        drop_old_begun(moment)
        sweep_outside(moment)
        forget_consents(moment)
        return sweep_codes(moment)


def provable_kinds(app: Flask, moment: datetime) -> frozenset[str]:
    """The kinds of contact this installation can send a code to; a demonstration shows codes on the page instead."""
    gateways, shows = app.extensions["gateways"], bool(app.config["DEMO"])
    return frozenset(kind for kind in ("phone", "email") if shows or way_to(kind, configured=gateways, now=moment) is not None)


def route(app: Flask, moment: datetime) -> None:
    """Work out who is notified of new events, and over which of this installation's channels."""
    while route_messages(moment, ROUTED_TOGETHER, configured=frozenset(app.extensions["gateways"])) >= ROUTED_TOGETHER:
        pass


def renew_zalo(app: Flask, _moment: datetime) -> int:
    """Keep the permission to send by Zalo alive."""
    zalo = app.extensions["zalo"]
    if zalo is None:
        return 0
    return int(renew_when_due(zalo.app.oa_id, zalo.renewed, folder=app.config["DATA"], clock=now))


def send(app: Flask, channel: str, _moment: datetime) -> int:
    """Send what is due on one channel and return how many messages left. Each channel has its own job, so that none waits for another's
    server."""
    gateways = app.extensions["gateways"]
    if channel not in gateways:
        return 0
    return send_waiting(channel, gateways[channel], clock=now, pages=page_addresses(app), configured=frozenset(gateways))
