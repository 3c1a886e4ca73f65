"""How many reports one account, contact or browser may send in a day. Networks are counted where the requests come in
(web/filing/pages.py).

High enough for the head of a village who sends for everybody, low enough that a script is told to stop.
"""

from datetime import datetime, timedelta

from casework.errors import CaseworkError
from casework.local_time import LOCAL_ZONE
from casework.models import Centre, Device
from casework.permissions import Actor
from casework.privacy.identity import Contact
from casework.rate_limits import Limit, count_attempt, limit_set_by

DAY = timedelta(days=1)
OF_ACCOUNT = limit_set_by("reports_a_day_account", "reports of account", DAY)
OF_CONTACT = limit_set_by("reports_a_day_contact", "reports of contact", DAY)
OF_DEVICE = limit_set_by("reports_a_day_device", "reports of browser", DAY)


class TooManyReports(CaseworkError):
    """The sender has reached the day's limit; the text says until when, and whom to call."""

    def __init__(self, until: datetime, centre: Centre) -> None:
        moment = f"{until.astimezone(LOCAL_ZONE):%H:%M %d/%m/%Y}"
        call_vi = f", hoặc gọi {centre.phone}" if centre.phone else ""
        call_en = f", or call {centre.phone}" if centre.phone else ""
        super().__init__(
            f"Ông/Bà đã gửi nhiều phản ánh trong một ngày. Vui lòng gửi tiếp từ {moment}{call_vi}.",
            f"You have sent many reports in one day. Please send the next from {moment} on{call_en}.",
        )
        self.until = until


def count_filing(*, by: Actor, contact: Contact | None, device: Device | None, now: datetime) -> datetime | None:
    """Count one report under everything its sender is known by; return when the next is accepted if there were too many, else None.

    The caller commits this before filing, and does not raise inside that unit of work. Counters hold only keyed digests.
    """
    counted: list[tuple[Limit, str]] = []
    if by.account is not None:
        counted.append((OF_ACCOUNT, str(by.account.id)))
    if contact is not None:
        counted += [(OF_CONTACT, each) for each in (contact.phone, contact.email) if each]
    if device is not None:
        counted.append((OF_DEVICE, str(device.id)))
    until = [moment for limit, subject in counted if (moment := count_attempt(limit, subject, now=now)) is not None]
    return max(until, default=None)
