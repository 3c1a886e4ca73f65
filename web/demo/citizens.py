"""Two citizens' requests about their own data in the demonstration: one open, one carried out."""

from datetime import datetime, timedelta

from casework.permissions import actor_for
from casework.privacy.identity import Contact
from casework.rights.deciding import answer_request, carry_out
from casework.rights.requests import CORRECTION, Wish, person_of, record_copy, request_data
from web.demo.people import CITIZENS, citizen_by_email, staff_account
from web.demo.telling import LEAD, begin_step

ASKED, ANSWERED, DONE, ASKED_LATELY = timedelta(days=9), timedelta(days=8), timedelta(days=6), timedelta(hours=5)
"""How long before the day of seeding each of them happened."""


def furnish_citizens(*, now: datetime) -> None:
    """The first citizen had a name corrected and downloaded a copy; the second is waiting for a correction. In the caller's unit of
    work."""
    (first, name), (second, other_name) = CITIZENS
    begin_step()
    by = actor_for(citizen_by_email(first), now=now - ASKED)
    wish = Wish("Tên tôi viết thiếu dấu trong phiếu tiếp nhận, nhờ ghi lại cho đúng.", Contact(name=name))
    request = request_data(CORRECTION, person=person_of(by), by=by, now=now - ASKED, wish=wish)
    lead = actor_for(staff_account(LEAD), now=now - ANSWERED)
    answer_request(request, by=lead, now=now - ANSWERED, words="Trung tâm đã nhận yêu cầu và sẽ đính chính trong tuần này.")
    carry_out(request, by=lead, now=now - DONE, words="Họ tên đã được ghi lại như Ông/Bà viết; các phiếu in từ nay dùng tên này.")
    record_copy(person=person_of(by), by=by, now=now - DONE)
    begin_step()
    by = actor_for(citizen_by_email(second), now=now - ASKED_LATELY)
    wish = Wish("Tôi muốn ghi thêm chữ đệm cho đúng với căn cước.", Contact(name=other_name.replace("Thị", "Thị Mỹ")))
    request_data(CORRECTION, person=person_of(by), by=by, now=now - ASKED_LATELY, wish=wish)
