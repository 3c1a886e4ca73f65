"""Outputs the worker makes on request: ordered, leased to one worker, kept for some days, dropped when a case leaves the system.

An order holds no rows, only what was asked. The file's content is looked up when it is made, within what the person may see then; a
person who has lost the role is refused. It has personal data only by EXPORT_IDENTITY, with a recorded reason.
"""

from casework.outputs.erasing import drop_named_outputs, drop_outputs_of, erase_expired, forget_outputs, has_expired
from casework.outputs.kinds import DOCUMENTS, KINDS, TABLES, Kind, OutputRefused, is_for_a_reason
from casework.outputs.making import (
    LEASE,
    MOST_ATTEMPTS,
    STOPPED,
    WAITS,
    Taken,
    actor_of,
    fail_output,
    finish_output,
    has_output_to_make,
    is_held,
    take_output,
    tell_of_output,
)
from casework.outputs.ordering import MOST_WAITING, drop_output, order_output, retry_output
from casework.outputs.reading import PAGE, count_fetched, file_of, newest_order, output_seen, outputs_seen
from casework.outputs.rights import (
    LONGEST_REASON,
    centres_ordered_in,
    is_recipient,
    may_in_centre,
    may_schedule,
    reads_scheduled,
    refuse_order,
)
from casework.outputs.standing import STREAM, under_way
from casework.outputs.telling import NOBODY, tell_of_run

__all__ = [
    "DOCUMENTS", "KINDS", "LEASE", "LONGEST_REASON", "MOST_ATTEMPTS", "MOST_WAITING", "NOBODY", "PAGE", "STOPPED", "STREAM", "TABLES",
    "WAITS", "Kind", "OutputRefused", "Taken", "actor_of", "centres_ordered_in", "count_fetched", "drop_named_outputs", "drop_output",
    "drop_outputs_of", "erase_expired", "fail_output", "file_of", "finish_output", "forget_outputs", "has_expired", "has_output_to_make",
    "is_for_a_reason", "is_held", "is_recipient", "may_in_centre", "may_schedule", "newest_order", "order_output", "output_seen",
    "outputs_seen", "reads_scheduled", "refuse_order", "retry_output", "take_output", "tell_of_output", "tell_of_run", "under_way",
]  # fmt: skip
