"""“Tôi cũng gặp”, pressed on the page of a case, in the report form or on a receipt: one count for each person or browser."""

from dataclasses import dataclass
from datetime import timedelta

from casework.db import unit_of_work
from casework.public.me_too import MeTooRefused, me_too_counts, say_me_too, take_me_too_back
from casework.rate_limits import Limit, TooManyAttempts, count_attempt
from casework.reporters.followed_list import case_to_follow
from web.clock import now
from web.guards import actor, found, signed_in_account
from web.http.devices import guest_device, this_device
from web.locales import in_reader_language
from web.networks import this_network

ME_TOO = Limit("me too", 60, timedelta(hours=1))
"""Per account or network: a village may share one, but a script may not fill a list."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many people a matter concerns now; or why nobody was counted, in the reader's language, with the status to answer."""

    also: int = 0
    refusal: str = ""
    status: int = 200


def count_me(code: str, *, takes_back: bool) -> Counted:
    """Count the reader at the public case with this code, or count them no more; guests are counted by browser. Commits."""
    moment, account = now(), signed_in_account()
    with unit_of_work():
        until = count_attempt(ME_TOO, account.ref if account is not None else this_network(), now=moment)
    if until is not None:
        return Counted(refusal=in_reader_language(TooManyAttempts(until).text), status=429)
    try:
        with unit_of_work():
            case = found(case_to_follow(code))
            if takes_back:
                take_me_too_back(case, by=actor(), device=this_device())
            else:
                # a browser gets its cookie with its first act, not by reading
                device = this_device() if account is not None else this_device() or guest_device()
                say_me_too(case, by=actor(), device=device, now=moment)
            case_id = (case.merged_into or case).id
    except MeTooRefused as refusal:
        return Counted(refusal=in_reader_language(refusal.text), status=422)
    return Counted(also=me_too_counts([case_id]).get(case_id, 0))
