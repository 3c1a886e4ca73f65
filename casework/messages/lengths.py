"""The length of texts where each character counts: SMS in parts, ZNS in characters."""

GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""Characters of one septet (3GPP TS 23.038, 6.2.1)."""
GSM_OF_TWO = frozenset("^{}\\[~]|€\f")
"""Characters of the extension table, which take two septets."""

MOST_SMS_SEGMENTS = 2
LONGEST_ZNS = 400
"""Characters of a Zalo message after its parameters were filled in (domain.md, 3.7)."""

_GSM_ALONE, _GSM_JOINED = 160, 153
_WIDE_ALONE, _WIDE_JOINED = 70, 67


def sms_segments(text: str) -> int:
    """The number of parts an SMS is sent, and charged, as: of 160 septets or, with a Vietnamese diacritic, of 70 UTF-16 units."""
    if all(character in GSM or character in GSM_OF_TWO for character in text):
        length, alone, joined = sum(2 if character in GSM_OF_TWO else 1 for character in text), _GSM_ALONE, _GSM_JOINED
    else:
        length, alone, joined = len(text.encode("utf-16-le")) // 2, _WIDE_ALONE, _WIDE_JOINED
    return 1 if length <= alone else -(-length // joined)


def fits_zns(text: str) -> bool:
    return len(text) <= LONGEST_ZNS
