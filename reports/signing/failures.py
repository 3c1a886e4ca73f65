"""Reasons why sealing failed, in words; imports no library, since pages use them too."""

from casework.bilingual import Bilingual
from casework.errors import CaseworkError

WORDS: dict[str, Bilingual] = {
    "no_secret": Bilingual("Chưa có mật khẩu hoặc mã PIN của con dấu trên máy chủ.", "The server has no passphrase or PIN of this seal."),
    "wrong_secret": Bilingual(
        "Mật khẩu hoặc mã PIN của con dấu không đúng. Hệ thống không tự thử lại, vì thiết bị ký sẽ khóa sau vài lần sai.",
        "The passphrase or PIN of the seal is wrong. It is not tried again by itself: a token locks after some wrong ones.",
    ),
    "no_file": Bilingual("Không đọc được tệp khóa của con dấu.", "The key file of the seal cannot be read."),
    "no_token": Bilingual(
        "Không thấy thiết bị ký (token), hoặc thiếu phần mềm điều khiển của thiết bị.",
        "The token, or the software that drives it, is missing.",
    ),
    "no_key": Bilingual("Thiết bị ký không có khóa và chứng thư đã nêu.", "The token has no such key and certificate."),
    "expired": Bilingual("Chứng thư số của con dấu không còn hoặc chưa có hiệu lực.", "The certificate of the seal is not valid today."),
    "revoked": Bilingual("Chứng thư số của con dấu đã bị thu hồi.", "The certificate of the seal has been revoked."),
    "no_timestamp": Bilingual("Máy chủ cấp dấu thời gian không trả lời.", "The time-stamp server did not answer."),
    "unsignable": Bilingual("Tệp văn bản không ký số được.", "This file of the letter cannot be signed."),
    "withdrawn": Bilingual("Văn bản đã được rút hoặc hủy số.", "The letter has been withdrawn, or its number struck out."),
    "no_seal": Bilingual("Con dấu này không còn trong thiết lập của hệ thống.", "This seal is not set up any more."),
    "failed": Bilingual("Có lỗi không lường trước; hệ thống sẽ thử lại.", "There was an unforeseen fault; it will be tried again."),
}
"""Why a letter was not sealed, by the word stored with its order."""

TRIED_AGAIN = frozenset({"no_file", "no_token", "no_timestamp", "failed"})
"""Failures that may pass by themselves. The others need a person first."""


class SealingFailed(CaseworkError):
    """A seal could not be put on; `word` says why, as stored with the order. Never a library's message, which may contain secrets."""

    def __init__(self, word: str) -> None:
        super().__init__(*WORDS[word])
        self.word = word
