"""Files a report and starts the process of the case it opens, in the same unit of work."""

from datetime import datetime
from typing import Any

from casework.intake import file_report as intake
from workflows.running.instances import start_case


def file_report(*, now: datetime, **details: Any) -> intake.Filed:
    """File a report as `casework.intake.file_report` does and start its process; a repeated request starts nothing."""
    filed = intake.file_report(now=now, **details)
    if not filed.is_repeat:
        start_case(filed.case, now=now)
    return filed
