"""Telling a schedule's recipients that its file is there, and the people who run the centre when it is not."""

from datetime import datetime

from casework.bilingual import Bilingual
from casework.db import db
from casework.messages.desks import readers_of
from casework.models import Account, Output
from casework.outbox import tell_of_schedule
from casework.outputs.kinds import KINDS
from casework.outputs.rights import reads_scheduled
from casework.permissions import Role, actor_for, desk_name
from casework.successors import centre_at_work

NOBODY = Bilingual(
    "Tệp đã có nhưng không gửi được: không còn ai ở nơi nhận được xem tệp này. Xin sửa người nhận của lịch.",
    "The file is there but was sent to nobody: nobody it is for may read it any more. Please change who gets it.",
)


def tell_of_run(output: Output, *, now: datetime, again: bool = False) -> bool:
    """Tell the recipients where the file is; False where nobody is left. A file made anew is announced once, unless `again`."""
    schedule = output.schedule
    if schedule is None or (output.sent_at is not None and not again):
        return schedule is not None
    named = [each for each in schedule.recipients if _is_told(str(each), output, now)]
    for recipient in named:
        key = f"scheduled_output:{output.ref}:{recipient}{f':{now.timestamp():.6f}' if again else ''}"
        tell_of_schedule(recipient, "scheduled_output", at=now, key=key, document=list(KINDS[output.kind].name),
                         period=output.parameters.get("label"), output=output.ref)  # fmt: skip
    if named:
        output.sent_at = output.sent_at or now
        output.error = output.error_en = None
    else:
        output.error, output.error_en = NOBODY
    return bool(named)


def tell_of_failure(output: Output, *, now: datetime) -> None:
    """Tell the people who run the centre that a schedule needs them, once per run."""
    schedule = output.schedule
    if schedule is not None:
        desk = desk_name(Role.OPS_LEAD, centre_id=centre_at_work(output.centre_id, None))
        tell_of_schedule(f"desk:{desk}", "schedule_failed", at=now, key=f"schedule_failed:{output.ref}",
                         document=list(KINDS[output.kind].name), period=output.parameters.get("label"), schedule=schedule.ref)  # fmt: skip


def _is_told(recipient: str, output: Output, now: datetime) -> bool:
    """Whether the recipient exists: a desk with a reader, or a person who may read the file now."""
    sort, _, name = recipient.partition(":")
    if sort == "desk":
        return bool(readers_of([name], now=now).get(name))
    by = actor_for(db.session.get(Account, int(name)), now=now)
    return reads_scheduled(output.kind, by=by, centre_id=output.centre_id, agency_id=output.agency_id)
