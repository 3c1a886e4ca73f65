"""The prefixes of a PDF that were once complete files: every increment follows an end mark."""

import hashlib
import re
from itertools import islice

END = re.compile(rb"%%EOF(\r\n|\n|\r)?")
MOST = 40


def digest_of(pdf: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(pdf).hexdigest()


def digests_of_beginnings(pdf: bytes) -> list[str]:
    """SHA-256 of every prefix that ends with an end mark, with its line end and without; not of the whole file."""
    # bounded, since a file of nothing but end marks would fill the memory: five million of them took 700 MB
    marks = islice(END.finditer(pdf), MOST)
    ends = sorted({end for found in marks for end in (found.start() + 5, found.end())} - {len(pdf)})
    digest, done, found_digests = hashlib.sha256(), 0, []
    view = memoryview(pdf)
    for end in ends:
        digest.update(view[done:end])
        done = end
        found_digests.append(digest.hexdigest())
    return found_digests
