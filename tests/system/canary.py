"""The marked reporter: who they are, what they write, and a photo that tells everything about them."""
from __future__ import annotations

import io
import struct
from fractions import Fraction
from functools import cache

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from tests.system.marks import Mark
from web.demo.pictures import draw_demo_photo

FULL_NAME = "Quách Tỉnh Zýndar Hmôngxạ"
PHONE = "0976543219"
EMAIL = "kimtuocxq@hopthu-vanzuk.vn"
HOUSE = "số 12 hẻm Kẹoxòai"
VILLAGE = "Hẻm thônkínvxw, sau nhà Zýndar"
FILE_NAME = "Zýndar 0976543219 tệpriêngwq.jpg"
WORDS = f"Tôi là Quách Tỉnh Zýndar, nhà {HOUSE}, gọi 0976 543 219 hoặc viết kimtuocxq nhé. Ven suối có đống rác bịmậtbom rất lớn."
ADDED = f"Ở {HOUSE} nay còn thêm rác bịmậtbom."
ANSWERED = f"Bờ phía {HOUSE}, cạnh rác bịmậtbom."
ASKED = f"Sai tên, nhà {HOUSE}, việc bịmậtbom."
"""What the reporter writes later: to the centre, as an answer to its question, with a request about their data."""
EXTRA = "Cạnh gốc thông hỏithêmqjx."
"""The answer to a question of the field."""
CLEARED = "Ven suối có đống rác rất lớn, mùi nặng."
SAID = "Nghe được: rác đổ đã ba ngày, lờichépzkv."
"""What the operator writes down of the voice note, for the agencies at work."""

IN_WORDS = (
    Mark("name in the words", "Zýndar"), Mark("phone in the words", "976543219"), Mark("e-mail in the words", "kimtuocxq"),
    Mark("village on the form", "thônkínvxw"), Mark("house in the words", "Kẹoxòai"), Mark("matter only the original tells", "bịmậtbom"),
    Mark("answer to an extra question", "hỏithêmqjx"),
)
IDENTITY = (Mark("name on the form", "Hmôngxạ"),)
"""What the identity holds beyond the words, so that a page with the words and a page with the identity can be told apart."""
IN_REQUEST = (Mark("e-mail in the request", "hopthu-vanzuk"),)
"""What the sender asks to be put right."""

IN_PHOTO = (
    Mark("EXIF artist", "exifnguoichupjv"), Mark("EXIF for Windows", "exifxpauthorjv"), Mark("EXIF comment", "exifchúthíchjv"),
    Mark("EXIF place", "exifnơichụpjv"), Mark("XMP creator", "xmptácgiảjv"), Mark("JPEG comment", "jpegchúthíchjv"),
)
IN_FILE = (*IN_PHOTO, Mark("file name", "tệpriêngwq"), Mark("name of the voice note", "ghiâmriêngwq"))
IN_VOICE = (Mark("voice", "giọngnóixjv"), Mark("title of the voice note", "wavtiêuđềjv"))
"""What is heard in the voice note, and what stands beside it in the file: for the operations team and the sender, as the file alone."""
MARKS = IN_WORDS + IDENTITY + IN_REQUEST + IN_FILE + IN_VOICE
IN_TRANSCRIPT = Mark("transcript", "lờichépzkv")
VOICE_NAME = "Zýndar ghiâmriêngwq.wav"

XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:creator="xmptácgiảjv {}"/></rdf:RDF></x:xmpmeta>'
)


@cache
def plain_photo(seed: int, *, after: bool = False) -> bytes:
    """A drawn photo that tells nothing of anybody, small: every copy of it is made by the product for each case there is."""
    target = io.BytesIO()
    with Image.open(io.BytesIO(draw_demo_photo(seed, "trash", after=after))) as image:
        image.convert("RGB").resize((480, 360)).save(target, "JPEG", quality=85)
    return target.getvalue()


@cache
def marked_photo(seed: int = 7) -> bytes:
    """A JPEG whose every place for notes names the reporter; its pixels show nothing of them."""
    with Image.open(io.BytesIO(plain_photo(seed))) as image:
        picture = image.convert("RGB")
    exif = Image.Exif()
    exif[Base.Artist] = f"exifnguoichupjv Zyndar {PHONE}"
    exif[Base.ImageDescription] = "Zyndar, Keoxoai"
    exif[Base.XPAuthor] = f"exifxpauthorjv {FULL_NAME}".encode("utf-16-le")
    details = exif.get_ifd(IFD.Exif)
    details[Base.UserComment] = b"UNICODE\0" + f"exifchúthíchjv {EMAIL}".encode("utf-16-le")
    details[Base.DateTimeOriginal] = "2026:03:02 06:13:47"
    place = exif.get_ifd(IFD.GPSInfo)
    place[GPS.GPSLatitudeRef], place[GPS.GPSLatitude] = "N", (Fraction(12), Fraction(4), Fraction(3333, 100))
    place[GPS.GPSLongitudeRef], place[GPS.GPSLongitude] = "E", (Fraction(108), Fraction(26), Fraction(4444, 100))
    place[GPS.GPSAreaInformation] = "ASCII\0\0\0exifnơichụpjv".encode()
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=85, exif=exif, xmp=XMP.format(FULL_NAME).encode(), comment=f"jpegchúthíchjv {PHONE}".encode())
    return target.getvalue()


def marked_voice() -> bytes:
    """A WAV whose sound is words, with a title."""
    sound, title = "giọngnóixjv ".encode() * 400, "wavtiêuđềjv ".encode()
    sound, title = (each + bytes(len(each) % 2) for each in (sound, title))
    notes = b"INFO" + b"INAM" + struct.pack("<I", len(title)) + title
    body = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8_000, 16_000, 2, 16) + b"LIST" + struct.pack("<I", len(notes)) + notes
    body += b"data" + struct.pack("<I", len(sound)) + sound
    return b"RIFF" + struct.pack("<I", len(body)) + body
