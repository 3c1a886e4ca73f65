"""The findings about a signature, and their words for people. Imports no library, since pages and rows use it too."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, Protocol

from casework.bilingual import Bilingual
from casework.local_time import local_day

INTACT, CHANGED, FORGED, UNREADABLE = "intact", "changed", "forged", "unreadable"
WHOLE, SIGNED_AGAIN, ADDED, PART = "whole", "signed_again", "added", "part"
TRUSTED, FOREIGN, UNUSABLE = "trusted", "foreign", "unusable"
VALID, ENDED, EXPIRED, NOT_YET = "valid", "ended", "expired", "not_yet"
REVOKED, REVOKED_SINCE = "revoked", "revoked_since"

WORDS: dict[str, Bilingual] = {
    INTACT: Bilingual("Phần được ký còn nguyên như lúc ký.", "What was signed is as it was when it was signed."),
    CHANGED: Bilingual(
        "Tệp đã bị thay đổi sau khi ký: nội dung hiện có không phải nội dung đã ký.",
        "The file was changed after it was signed: what it holds now is not what was signed.",
    ),
    FORGED: Bilingual(
        "Chữ ký không phải do khóa của chứng thư này tạo ra.", "The signature was not made with the key of this certificate."
    ),
    UNREADABLE: Bilingual("Không đọc được chữ ký này: dữ liệu chữ ký bị hỏng.", "This signature cannot be read: its data are damaged."),
    WHOLE: Bilingual("Chữ ký bao trùm toàn bộ tệp.", "The signature covers the whole file."),
    SIGNED_AGAIN: Bilingual(
        "Sau chữ ký này chỉ có thêm chữ ký khác hoặc ô biểu mẫu được điền; nội dung không đổi.",
        "After this one only other signatures were added, or fields of a form filled in; the content is the same.",
    ),
    ADDED: Bilingual(
        "Sau khi ký, nội dung của tệp đã được thêm hoặc sửa: phần sau không được chữ ký này bảo đảm.",
        "After signing, content of the file was added or altered: this signature does not stand for that.",
    ),
    PART: Bilingual(
        "Chữ ký không bao trùm toàn bộ tệp: tệp đã bị bỏ trang, ghép hoặc lưu lại.",
        "The signature does not cover the whole file: pages were removed, files joined, or it was saved anew.",
    ),
    TRUSTED: Bilingual(
        "Chứng thư số do tổ chức chứng thực mà hệ thống tin cậy cấp.", "The certificate was issued by an authority this system trusts."
    ),
    FOREIGN: Bilingual(
        "Chứng thư số do tổ chức không có trong danh sách tin cậy của hệ thống cấp: không biết chắc ai đã ký.",
        "The certificate was issued by somebody this system does not know: who signed is not certain.",
    ),
    UNUSABLE: Bilingual(
        "Chứng thư số không được dùng để ký văn bản, hoặc thuật toán quá yếu.",
        "The certificate is not for signing documents, or its algorithm is too weak.",
    ),
    ENDED: Bilingual(
        "Chứng thư số nay đã hết hạn; còn hiệu lực vào thời gian ký ghi trong chữ ký.",
        "The certificate has expired since; it was valid at the time the signature names.",
    ),
    EXPIRED: Bilingual("Chứng thư số đã hết hạn trước khi ký.", "The certificate had expired before it was used to sign."),
    NOT_YET: Bilingual("Chứng thư số chưa có hiệu lực vào thời gian ký.", "The certificate was not yet valid when it was used to sign."),
}
"""Words by finding; for valid and revoked certificates, which name days, see _said_of_period."""

TIME_CLAIMED = Bilingual(
    "Thời gian ký do máy của người ký ghi, không có dấu thời gian xác nhận.",
    "The time is what the signer's own clock said; no time-stamp stands behind it.",
)
TIME_ATTESTED = Bilingual("Thời gian ký được dấu thời gian tin cậy xác nhận.", "A trusted time-stamp stands behind the time.")
NOT_ASKED = Bilingual(
    "Không kiểm tra được chứng thư số có bị thu hồi hay không: hệ thống không nối mạng khi kiểm tra và không có danh sách thu hồi.",
    "Whether the certificate was revoked is not known: nothing is asked of the network, and there is no revocation list here.",
)


class Revoked(Protocol):
    """What is known about revoked certificates (reports.signing.revoking)."""

    def revoked_at(self, issuer: str, serial: int) -> datetime | None:
        """When a certificate was revoked."""

    def known_on(self, issuer: str) -> datetime | None:
        """The date of what is known about an issuer's certificates."""


@dataclass(frozen=True, slots=True)
class SignatureFound:
    """One signature, as stored with a letter's file.

    `content`: intact, changed (the covered bytes differ), forged (the bytes match, but not the certificate), unreadable. `cover`: whole;
    signed_again (only signatures came after it); added (something else did); part (it does not cover the file up to its own position).
    `vouched`: trusted, foreign, unusable. `period`: valid, ended (after the claimed time of signing), expired (before it), not_yet.
    `is_attested`: a trusted time-stamp confirms the time. `chain`: issuer's key (as a digest) and serial number (hexadecimal) of the
    certificate and those between it and the root.

    The rest applies to a later day and is not stored (`as_of`): when one of them was `revoked_at`, the date of the list (`listed_on`), and
    since when we have had the file.
    """

    content: str
    cover: str = PART
    vouched: str = FOREIGN
    period: str = VALID
    signer: str = ""
    issuer: str = ""
    field: str = ""
    signed_at: str | None = None
    is_attested: bool = False
    reason: str = ""
    certificate: str = ""
    until: str | None = None
    chain: tuple[tuple[str, str], ...] = ()
    revoked_at: datetime | None = None
    listed_on: datetime | None = None
    had_since: datetime | None = None

    @property
    def is_good(self) -> bool:
        """Whether it proves that the file is as signed by somebody we trust."""
        return (self.content == INTACT and self.cover in (WHOLE, SIGNED_AGAIN) and self.vouched == TRUSTED
                and self.period in (VALID, ENDED) and self.revocation != REVOKED)  # fmt: skip

    @property
    def revocation(self) -> str:
        """Empty; revoked; or revoked since: after an instant at which the signature existed, as a time-stamp or our own copy proves."""
        if self.revoked_at is None:
            return ""
        proven = [each for each in (self.at if self.is_attested else None, self.had_since) if each is not None]
        return REVOKED_SINCE if proven and min(proven) < self.revoked_at else REVOKED

    def as_of(self, now: datetime, known: Revoked, *, had_since: datetime | None = None) -> "SignatureFound":
        """What holds of it today. `had_since` is since when we have had these bytes ourselves."""
        ends = datetime.fromisoformat(self.until) if self.until else None
        period = ENDED if self.period == VALID and ends is not None and now > ends else self.period
        told = [known.revoked_at(issuer, int(serial, 16)) for issuer, serial in self.chain]
        revoked = min((each for each in told if each is not None and each <= now), default=None)
        listed = known.known_on(self.chain[-1][0]) if self.chain else None
        return replace(self, period=period, revoked_at=revoked, listed_on=listed, had_since=had_since)

    @property
    def at(self) -> datetime | None:
        """The claimed time of signing."""
        return datetime.fromisoformat(self.signed_at) if self.signed_at else None

    @property
    def words(self) -> list[Bilingual]:
        """All findings in sentences, the worst first."""
        if self.content == UNREADABLE:
            return [WORDS[UNREADABLE]]
        sentences = [words for _key, words in sorted(self._keyed(), key=lambda each: each[0] in _HARMLESS)]
        if self.signed_at:
            sentences.append(TIME_ATTESTED if self.is_attested else TIME_CLAIMED)
        return sentences + self._said_of_lists()

    def _keyed(self) -> list[tuple[str, Bilingual]]:
        if self.content == UNREADABLE:
            return [(UNREADABLE, WORDS[UNREADABLE])]
        told = [self.content] if self.content != INTACT else [self.content, self.cover]
        return [*((key, WORDS[key]) for key in (*told, self.vouched)), *self._said_of_period()]

    def _said_of_period(self) -> list[tuple[str, Bilingual]]:
        """Two sentences: whether the certificate was valid at signing, and whether it is today."""
        ends = _day(self.until)
        said = [(self.period, WORDS[self.period])] if self.period != VALID else []
        if self.period == VALID and self.vouched == TRUSTED and ends and not self.revoked_at:
            holds = Bilingual(
                f"Chứng thư số còn hiệu lực vào thời gian ký ghi trong chữ ký và cả hôm nay (đến {ends}).",
                f"The certificate was valid at the time the signature names and is valid today (until {ends}).",
            )
            said.append((VALID, holds))
        if self.revoked_at is not None:
            said.append((self.revocation, self._said_of_revocation()))
        return said

    def _said_of_revocation(self) -> Bilingual:
        day = _day(self.revoked_at)
        if self.revocation == REVOKED:
            return Bilingual(
                f"Chứng thư số đã bị thu hồi ngày {day}, và không có gì chứng minh chữ ký có trước ngày đó.",
                f"The certificate was revoked on {day}, and nothing proves that the signature is older.",
            )
        return Bilingual(
            f"Chứng thư số đã bị thu hồi ngày {day}; chữ ký có từ trước đó.",
            f"The certificate was revoked on {day}; the signature was there before.",
        )

    def _said_of_lists(self) -> list[Bilingual]:
        if self.vouched != TRUSTED or self.revoked_at is not None:
            return []
        if self.listed_on is None:
            return [NOT_ASKED]
        day = _day(self.listed_on)
        vi = f"Chứng thư số không có trong danh sách thu hồi ngày {day} của tổ chức cấp."
        return [Bilingual(vi, f"The certificate is not in its issuer's list of revoked ones of {day}.")]

    @property
    def faults(self) -> list[Bilingual]:
        """Only findings against it."""
        return [] if self.is_good else [words for key, words in self._keyed() if key not in _HARMLESS]

    def told(self) -> dict[str, Any]:
        """As stored in a row."""
        return {name: value for name, value in asdict(self).items() if name not in _OF_LATER}


_HARMLESS = frozenset({INTACT, WHOLE, SIGNED_AGAIN, TRUSTED, VALID, ENDED, REVOKED_SINCE})
_OF_LATER = frozenset({"revoked_at", "listed_on", "had_since"})
_NAMES = frozenset(each.name for each in fields(SignatureFound)) - _OF_LATER


def found_again(told: Mapping[str, Any]) -> SignatureFound:
    """A signature as stored in a row; unknown keys of a later release are ignored."""
    held = {name: value for name, value in told.items() if name in _NAMES}
    return SignatureFound(**held | {"chain": tuple((str(issuer), str(serial)) for issuer, serial in held.get("chain", ()))})


def _day(instant: datetime | str | None) -> str:
    if not instant:
        return ""
    return f"{local_day(datetime.fromisoformat(instant) if isinstance(instant, str) else instant):%d/%m/%Y}"
