"""E-mail that comes in: read within bounds, believed in nothing that is not proven, and never run, unpacked or shown as it came.

Reading decides nothing about a case: it says what a letter holds, which reply address it was sent to, whether our own server vouches for
its sender, and whether a machine wrote it. `judging` says whose it is, `keeping` that each is handled once.
"""

from casework.mail_in.bounces import Bounce, bounce_of
from casework.mail_in.proof import is_proven
from casework.mail_in.reading import MAX_BYTES, Attachment, Letter, Unreadable, read_letter
from casework.mail_in.reply_addresses import token_of

__all__ = ["MAX_BYTES", "Attachment", "Bounce", "Letter", "Unreadable", "bounce_of", "is_proven", "read_letter", "token_of"]
