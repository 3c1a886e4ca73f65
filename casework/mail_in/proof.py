"""Whether our own mail server found the sender's domain to vouch for the letter (DMARC, RFC 7489; written as in RFC 8601)."""

from casework.mail_in.headers import lines_of, without_comments
from casework.mail_in.reading import Letter


def is_proven(letter: Letter, *, server: str) -> bool:
    """Whether the line of this server (its authserv-id) says dmarc=pass for the domain of the one sender.

    Lines of other servers count for nothing. Two lines in the name of ours prove nothing either: one was brought along.
    """
    if not letter.sender or len(lines_of(letter.message, "From")) != 1:
        return False
    ours = [
        plain for line in lines_of(letter.message, "Authentication-Results") if _server(plain := without_comments(line)) == server.lower()
    ]
    if len(ours) != 1:
        return False
    results = [part.split() for part in ours[0].lower().split(";")[1:]]
    dmarc = [result for result in results if result and result[0].partition("=")[0] == "dmarc"]
    domain = letter.sender.rpartition("@")[2]
    return len(dmarc) == 1 and dmarc[0][0] == "dmarc=pass" and f"header.from={domain}" in dmarc[0][1:]


def _server(line: str) -> str:
    return (line.partition(";")[0].split() or [""])[0].lower()
