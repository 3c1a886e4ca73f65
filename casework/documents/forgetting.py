"""Erasing the files of letters about cases that leave the system, and the notes typed with their numbers.

The numbers stay used and the digests of the files stay, so that anybody who verifies such a paper learns that it was taken back.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update

from casework.db import db
from casework.models import DocumentNumber, File, LetterFile, SealingOrder


def forget_files_of(letter_ids: Collection[int], *, at: datetime) -> None:
    """Mark every file of these letters as erased and stop making or sealing files of them. The caller holds the locks."""
    if not letter_ids:
        return
    unseen = {"synchronize_session": False}
    kept = File.letter_file_id.in_(select(LetterFile.id).where(LetterFile.letter_id.in_(letter_ids)))
    db.session.execute(update(File).where(kept, File.erased_at.is_(None)).values(erased_at=at), execution_options=unseen)
    given = DocumentNumber.letter_id.in_(letter_ids)
    db.session.execute(update(DocumentNumber).where(given).values(file_due_at=None, file_error=None), execution_options=unseen)
    # the reason for striking a number out may reveal as much as the letter did
    struck = update(DocumentNumber).where(given, DocumentNumber.struck_at.is_not(None)).values(struck_reason="")
    db.session.execute(struck, execution_options=unseen)
    to_seal = SealingOrder.letter_id.in_(letter_ids) & SealingOrder.state.in_(("waiting", "sealing"))
    db.session.execute(update(SealingOrder).where(to_seal).values(state="dropped", ended_at=at), execution_options=unseen)
