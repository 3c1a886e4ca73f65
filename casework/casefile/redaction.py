"""The parts of a case that may be printed: nothing from which its sender could be recognised, whoever prints it.

Paper leaves the installation. A sender's own words, voice and original pictures may identify them; the texts and copies cleared for
agencies do not (rules.md, section 2, "A reporter's identity hides in words, voices and pictures too").
"""

from collections.abc import Iterable
from dataclasses import replace

from casework.casefile.exchanges import Dealings
from casework.casefile.views import SeenReport


def reports_for_paper(reports: Iterable[SeenReport]) -> list[SeenReport]:
    """The reports with only their cleared words and copies."""
    return [
        replace(
            seen, original=None, place=None, can_reveal=False,
            photos=tuple(replace(photo, audience="agencies") for photo in seen.photos if "agencies" in photo.audiences),
            recordings=tuple(
                replace(each, rendition=None, refused=None, can_transcribe=False) for each in seen.recordings if each.transcript
            ),
        )
        for seen in reports
    ]  # fmt: skip


def dealings_for_paper(dealings: Dealings) -> Dealings:
    """The dealings without the senders' own words."""
    return replace(
        dealings,
        questions=tuple(replace(seen, answer=None) for seen in dealings.questions),
        additions=tuple(replace(seen, original=None) for seen in dealings.additions),
        withdrawals=tuple(replace(seen, reason=None) for seen in dealings.withdrawals),
        refusals=tuple(replace(seen, objection=None) for seen in dealings.refusals),
    )
