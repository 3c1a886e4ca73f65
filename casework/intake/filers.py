"""Who files a report, beside its sender: staff for callers, and service accounts for people of another system."""

from typing import Any

from casework.permissions import Actor


def sends_for_themselves(by: Actor) -> bool:
    """Whether the sender has an account here; a service account sends for somebody else."""
    return by.account is not None and not by.is_machine


def filer_columns(by: Actor) -> dict[str, Any]:
    """The columns of a report that name who filed it for its sender."""
    if by.is_machine:
        return {"service_id": by.account_id}
    return {"filed_by_id": by.account_id if by.is_staff else None}
