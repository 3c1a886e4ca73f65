"""How long a text is where each character counts: SMS by its parts, ZNS by its characters."""

GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""Characters of one septet (3GPP TS 23.038, 6.2.1)."""
GSM_OF_TWO = frozenset("^{}\\[~]|€\f")
"""Those of the extension table, which take two."""

MOST_SMS_SEGMENTS = 2
LONGEST_ZNS = 400
"""Characters of a message by Zalo, after its parameters were put in (domain.md, 3.7)."""

_GSM_ALONE, _GSM_JOINED = 160, 153
_WIDE_ALONE, _WIDE_JOINED = 70, 67


def sms_segments(text: str) -> int:
    """How many parts an SMS of that text is sent, and paid, as: of 160 septets or, with one Vietnamese mark, of 70 units of UTF-16."""
    if all(character in GSM or character in GSM_OF_TWO for character in text):
        length, alone, joined = sum(2 if character in GSM_OF_TWO else 1 for character in text), _GSM_ALONE, _GSM_JOINED
    else:
        length, alone, joined = len(text.encode("utf-16-le")) // 2, _WIDE_ALONE, _WIDE_JOINED
    return 1 if length <= alone else -(-length // joined)


def fits_zns(text: str) -> bool:
    """Whether Zalo would take a text of that length."""
    return len(text) <= LONGEST_ZNS
