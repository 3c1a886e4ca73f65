"""What other bodies answered by themselves for parts of a case: read on its page, never by itself (rules.md, section 6, "Children")."""

from dataclasses import dataclass, replace

from casework.models import Case
from casework.parts import kept_parts, parent_of
from casework.public.photos import PublicPhoto, photos_of_cases
from casework.public.publication import PublicAnswer, answers_of, public_publications
from casework.publications import PUBLIC_KINDS, newest_publication


@dataclass(frozen=True)
class PublicPart:
    """One part: its matter in the centre's words, the photos chosen for it, and the answers."""

    title: str
    question: str
    summary: str | None
    photos: tuple[PublicPhoto, ...]
    answers: tuple[PublicAnswer, ...]


def public_parts(case: Case, *, is_preview: bool = False) -> tuple[PublicPart, ...]:
    """The published parts of a case whose final answer is public; without a statement for one that was never divided.

    `is_preview`: that answer is not public yet, and so no photo of a part is.
    """
    told = _told([part for part in kept_parts(case) if part.visibility_reason_id is None], ("final",))
    return tuple(_without_photos(part) for part in told) if is_preview else told


def parts_told_to_senders(case: Case) -> tuple[PublicPart, ...]:
    """The answered parts of a case, for its own senders: those that must not be public too."""
    return _told(kept_parts(case), ("final", "private"))


def is_read_by_public(case: Case) -> bool:
    """Whether the public reads what is published of a case; of a part, once its case has its final answer."""
    if not _is_public(case):
        return False
    if case.parent_id is None:
        return True
    parent = parent_of(case)
    newest = newest_publication(parent, kinds=PUBLIC_KINDS) if parent is not None and _is_public(parent) else None
    return newest is not None and newest.kind == "final"


def _is_public(case: Case) -> bool:
    return case.is_public and case.quarantined_at is None and case.visibility_reason_id is None


def _told(parts: list[Case], kinds: tuple[str, ...]) -> tuple[PublicPart, ...]:
    published = public_publications(parts, kinds=kinds) if parts else {}
    versions = {part.id: published[part.id].current for part in parts if part.id in published}
    photos = photos_of_cases(versions)
    return tuple(
        PublicPart(
            version.title, version.question, version.summary, photos[part_id].before, answers_of(version, photos[part_id].by_answer)
        )
        for part_id, version in versions.items()
    )


def _without_photos(part: PublicPart) -> PublicPart:
    return replace(part, photos=(), answers=tuple(replace(one, photos=()) for one in part.answers))
