"""The beginnings of a PDF that were once whole files: what is added to one stands behind its end mark."""

import hashlib
import re

END = re.compile(rb"%%EOF(\r\n|\n|\r)?")
MOST = 40


def digest_of(pdf: bytes) -> str:
    """SHA-256, as people compare it."""
    return hashlib.sha256(pdf).hexdigest()


def digests_of_beginnings(pdf: bytes) -> list[str]:
    """SHA-256 of every beginning that ends with an end mark, with its line end and without; not of the whole file."""
    ends = sorted({end for found in list(END.finditer(pdf))[:MOST] for end in (found.start() + 5, found.end())} - {len(pdf)})
    digest, done, found_digests = hashlib.sha256(), 0, []
    view = memoryview(pdf)
    for end in ends:
        digest.update(view[done:end])
        done = end
        found_digests.append(digest.hexdigest())
    return found_digests
