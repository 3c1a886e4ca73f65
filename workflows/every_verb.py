"""Every verb there is: importing this module fills the register of casework/verbs.py. A program imports it before it answers anybody."""

from casework.casefile import identity_export, printing, step_records
from casework.clocks import calendar_changes
from casework.contacts import blocked_senders, confirming
from casework.documents import sealing, writing
from casework.doors.links import answering as link_answering
from casework.intake import file_report, unreleased_villages
from casework.mail_in import unclear as unclear_mail
from casework.mended import answering, asking
from casework.parting import acts as parting
from casework.privacy import identity, look_reasons
from casework.recordings import transcripts
from casework.reorganising import cases as reorganised_cases
from casework.rights import deciding, erasing_again, erasing_people, masking, requests, restricting, what_stays
from casework.verbs import register_is_complete
from workflows import bindings
from workflows.desks import assigning
from workflows.mending import acts as mending
from workflows.mending import restoring
from workflows.moving import cases as moved_cases
from workflows.reorganising import leaving, undo
from workflows.running import incidents

WITH_VERBS = (
    answering, asking, assigning, bindings, blocked_senders, calendar_changes, confirming, deciding, erasing_again, erasing_people,
    file_report, identity, identity_export, incidents, leaving, link_answering, look_reasons, masking, mending, moved_cases, parting,
    printing, reorganised_cases, requests,
    restoring, restricting, sealing, step_records, transcripts, undo, unclear_mail, unreleased_villages, what_stays, writing,
)  # fmt: skip
"""The modules that have a row, or record the event of one."""

register_is_complete()
