"""Ordering the printed file of a case. It leaves the installation on paper, so the case's history records who had it printed."""

from datetime import datetime

from casework.events import record
from casework.models import Case, Output
from casework.outputs import order_output
from casework.permissions import Action, Actor, NotAllowed, require
from casework.permissions.sight import Sight, sees
from casework.sentences import always
from casework.verbs import MESSAGE, Verb


def order_case_file(case: Case, *, by: Actor, now: datetime, form: str = "pdf") -> Output:
    """Have the file of a locked case made. Records `print_case_file`, which is in the file then.

    Raises NotAllowed for anybody who may not read the case's cleared words, OutputRefused where too many orders wait.
    """
    require(by, Action.PRINT_CASE_FILE, case)
    if not sees(by, Sight.CLEARED, case):
        raise NotAllowed
    output = order_output("case_file", form, {"case": case.ref}, by=by, now=now, centre_id=case.centre_id, case=case)
    record_printing(case, by=by, now=now)
    return output


@Verb("print_case_file", Action.PRINT_CASE_FILE, kinds=MESSAGE, staff=always("In hồ sơ vụ việc", "Printed the case file"))
def record_printing(case: Case, *, by: Actor, now: datetime) -> None:
    record(case, "print_case_file", by=by, at=now)
