"""What a signature in a file was found to say, and how that is told to people. Without any library: pages and rows use it too."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from casework.words import Bilingual

INTACT, CHANGED, FORGED, UNREADABLE = "intact", "changed", "forged", "unreadable"
WHOLE, SIGNED_AGAIN, ADDED, PART = "whole", "signed_again", "added", "part"
TRUSTED, FOREIGN, UNUSABLE = "trusted", "foreign", "unusable"
VALID, ENDED, EXPIRED, NOT_YET = "valid", "ended", "expired", "not_yet"

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
"""By what was found. Of a certificate that holds (VALID) nothing is said."""

TIME_CLAIMED = Bilingual(
    "Thời gian ký do máy của người ký ghi, không có dấu thời gian xác nhận.",
    "The time is what the signer's own clock said; no time-stamp stands behind it.",
)
TIME_ATTESTED = Bilingual("Thời gian ký được dấu thời gian tin cậy xác nhận.", "A trusted time-stamp stands behind the time.")
NOT_ASKED = Bilingual(
    "Không kiểm tra được chứng thư số có bị thu hồi hay không: hệ thống không nối mạng khi kiểm tra.",
    "Whether the certificate was revoked is not known: nothing is asked of the network.",
)


@dataclass(frozen=True, slots=True)
class SignatureFound:
    """One signature, as a letter's file keeps it.

    `content`: intact, changed (the bytes it covers are others), forged (they are not, and it is not of this certificate), unreadable.
    `cover`: whole; signed_again (only signatures came after it); added (something else did); part (it does not cover the file up to
    where it stands). `vouched`: trusted, foreign, unusable. `period`: valid, ended (since the time the signature names), expired
    (before it), not_yet. `is_attested`: a trusted time-stamp stands behind the time.
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

    @property
    def is_good(self) -> bool:
        """Whether it proves that the file is as somebody we trust has signed it."""
        return (self.content == INTACT and self.cover in (WHOLE, SIGNED_AGAIN) and self.vouched == TRUSTED
                and self.period in (VALID, ENDED))  # fmt: skip

    @property
    def at(self) -> datetime | None:
        """When it was made, as it says."""
        return datetime.fromisoformat(self.signed_at) if self.signed_at else None

    @property
    def words(self) -> list[Bilingual]:
        """All of it in sentences, the worst first."""
        if self.content == UNREADABLE:
            return [WORDS[UNREADABLE]]
        told = [self.content] if self.content != INTACT else [self.content, self.cover]
        told += [self.vouched] + ([self.period] if self.period != VALID else [])
        sentences = [WORDS[each] for each in sorted(told, key=_is_harmless)]
        if self.signed_at:
            sentences.append(TIME_ATTESTED if self.is_attested else TIME_CLAIMED)
        return sentences + ([NOT_ASKED] if self.vouched == TRUSTED else [])

    @property
    def faults(self) -> list[Bilingual]:
        """Only what speaks against it."""
        return [] if self.is_good else [text for text in self.words if text in _FAULTS]

    def told(self) -> dict[str, Any]:
        """As a row keeps it."""
        return asdict(self)


_HARMLESS = frozenset({INTACT, WHOLE, SIGNED_AGAIN, TRUSTED, ENDED})
_FAULTS = frozenset(text for key, text in WORDS.items() if key not in _HARMLESS)
_NAMES = frozenset(each.name for each in fields(SignatureFound))


def found_again(told: Mapping[str, Any]) -> SignatureFound:
    """A signature as a row has kept it; what a later release has written beside is left."""
    return SignatureFound(**{name: value for name, value in told.items() if name in _NAMES})


def _is_harmless(key: str) -> bool:
    return key in _HARMLESS
