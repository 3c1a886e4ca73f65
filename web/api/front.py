"""What the page for developers tells of the other doors: their addresses, the kinds of messages, and what holds at all of them."""

from dataclasses import dataclass

from casework.bilingual import Bilingual
from casework.doors.limits import ACTS, READS, READS_OPEN
from casework.doors.webhooks.kinds import THING_WORDS, Thing, types_of
from casework.doors.webhooks.sending import DELAYS

OPEN311_ADDRESSES: tuple[tuple[str, str, Bilingual], ...] = (
    ("GET", "/discovery", Bilingual("Dịch vụ này có gì, ở đâu, xin khóa thế nào.",
                                    "What is offered, where, and how to get a key.")),
    ("GET", "/v2/services", Bilingual("Các lĩnh vực.", "The services, which are fields.")),
    ("GET", "/v2/services/<code>", Bilingual("Câu hỏi thêm của một lĩnh vực.", "What a service asks for besides.")),
    ("GET", "/v2/requests", Bilingual("Phản ánh công khai; lọc theo ngày, lĩnh vực, xã, tình trạng.",
                                      "Public reports, by day, service, commune and status.")),
    ("POST", "/v2/requests", Bilingual("Gửi phản ánh; cần khóa.", "Files a report; needs a key.")),
    ("GET", "/v2/requests/<code>", Bilingual("Một phản ánh.", "One report.")),
    ("GET", "/v2/tokens/<token>", Bilingual("Đổi phiếu lấy mã phản ánh; cần khóa.", "Gives the code for a token; needs a key.")),
    ("GET", "/v2/servicerequestupdates", Bilingual("Diễn biến công khai của các phản ánh.",
                                                   "What happened to reports, as the public is told.")),
    ("POST", "/v2/servicerequestupdates", Bilingual("Bổ sung vào phản ánh đã gửi; cần khóa.",
                                                    "Adds to a report filed before; needs a key.")),
)  # fmt: skip
"""Method, address without its ending, what it is for. A test compares them with the routes there are."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a minute, as the installation has them set."""

    reads_open: int
    reads_with_key: int
    acts: int


def limits() -> Limits:
    return Limits(READS_OPEN.allowed, READS.allowed, ACTS.allowed)


def messages_told() -> list[tuple[Bilingual, list[str]]]:
    """Each thing that webhooks tell of, with the types there are."""
    return [(THING_WORDS[thing], sorted(types_of(thing))) for thing in Thing]


def delays() -> list[str]:
    """The pauses before a message is sent again, such as `5 s`, `30 min`, `2 h`."""
    return [f"{seconds // 3600} h" if seconds >= 3600 else f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"
            for seconds in (int(each.total_seconds()) for each in DELAYS)]
