"""What NĐ 30/2020/NĐ-CP, Phụ lục I asks of an official document, demanded of what was measured in the PDF (domain.md, 3.1).

Each demand yields what is wrong in words; nothing is taken from our stylesheet. Lengths are points, a tolerance of half a point is what
the decree's own units round to.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from tests.reports.measuring import MM, Line, Mark, Paper

NATION, MOTTO = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"
NUMBER = re.compile(r"Số: (?:\d{2,}| {4,})/(?:[^\s/]+|…+)")
DAY = re.compile(r".+, ngày (?:0[1-9]|[12]\d|3[01]) tháng (?:0[12]|[3-9]|1[0-2]) năm [12]\d{3}")
AUTHORITY = ("TM.", "TL.", "TUQ.", "KT.", "Q.")
DEGREES = re.compile(r"(?:GS|PGS|TS|ThS|Ths|CN|KS|BS)\.|Thạc sĩ|Tiến sĩ")
STAMPS = {"KHẨN": 20, "HỎA TỐC": 30, "THƯỢNG KHẨN": 40}
CLOSE = 0.6


@dataclass
class Parts:
    """The elements of the frame as they were found on the pages."""

    parents: list[Line]
    issuers: list[Line]
    nation: Line | None
    motto: Line | None
    number: Line | None
    place: Line | None
    about: list[Line]
    title: list[Line]
    stamp: Line | None
    greeting: Line | None
    copies: list[Line]
    authority: list[Line]
    signer: Line | None
    body: list[Line]
    page_numbers: list[Line]


def faults(paper: Paper) -> list[str]:
    """Everything of a document that is not as the decree has it."""
    parts = parts_of(paper)
    return [fault for demand in DEMANDS for fault in demand(paper, parts)]


def parts_of(paper: Paper) -> Parts:
    """Tell the elements apart by what they say, how they are set, and where they stand."""
    first = [line for line in paper.on(0) if line.text.strip()]
    half = paper.sizes[0][0] * 0.47
    nation, motto = _one(first, NATION), _one(first, MOTTO)
    number = next((line for line in first if line.text.startswith("Số:")), None)
    place = _place(first)
    head = number.top if number else 0
    left = [line for line in first if line.end < half + 30 and line.top < head - 2]
    stamp = next((line for line in first if line.text in STAMPS and not line.is_black), None)
    greeting = next((line for line in first if line.text.startswith("Kính gửi:")), None) or next(
        (line for line in paper.lines if line.text.startswith("Kính gửi:")), None
    )
    is_about = any(line.text.startswith("V/v") for line in first)
    about = [line for line in first if is_about and number and line.baseline > number.baseline + 2 and line.end < half + 30
             and 12 - CLOSE <= line.size < 13.2 and line.is_black and line.x > 30 * MM + 5 and line.top < number.top + 160
             and (not greeting or line.page != greeting.page or line.baseline < greeting.top)]
    title = [] if is_about else _title(first, number)
    copies = _copies(paper)
    page_numbers = [line for line in paper.lines if line.bottom < 20 * MM]
    authority, signer = _signature(paper, copies)
    begun = max((line.bottom for line in (*about, *title, *( [greeting] if greeting and greeting.page == 0 else [])) ), default=head + 20)
    apart = {id(line) for line in (*copies, *authority, *([signer] if signer else []), *page_numbers)}
    body = [line for line in paper.lines if id(line) not in apart and line.size >= 12.5 and (line.page > 0 or line.top > begun - 3)
            and line.is_black and line is not greeting and not line.text.startswith("- ")]
    return Parts([line for line in left if not line.is_bold], [line for line in left if line.is_bold], nation, motto, number, place, about,
                 title, stamp, greeting, copies, authority, signer, body, page_numbers)


def _place(lines: list[Line]) -> Line | None:
    """Place and date; a long name of a place has a line of its own."""
    whole = next((line for line in lines if ", ngày " in line.text and line.is_italic), None)
    day = next((line for line in lines if line.text.startswith("ngày ") and line.is_italic), None)
    if whole or not day:
        return whole
    before = lines[lines.index(day) - 1]
    return replace(before, text=f"{before.text} {day.text}") if before.is_italic and before.text.endswith(",") else day


def _one(lines: list[Line], text: str) -> Line | None:
    return next((line for line in lines if line.text == text), None)


def _title(lines: list[Line], number: Line | None) -> list[Line]:
    """The bold lines in the middle below the number: type, and what it is about."""
    found: list[Line] = []
    for line in lines:
        if number and line.top > number.bottom and line.is_bold and line.is_black:
            if found and line.baseline - found[-1].baseline > 30:
                break
            found.append(line)
    return found


def _copies(paper: Paper) -> list[Line]:
    begun: Line | None = None
    found: list[Line] = []
    for line in paper.lines:
        if line.text == "Nơi nhận:":
            begun, found = line, [line]
        elif begun and line.size < 11.6 and line.size > 9 and line.end < paper.sizes[0][0] / 2 + 20:
            found.append(line)
    return found


def _signature(paper: Paper, copies: list[Line]) -> tuple[list[Line], Line | None]:
    """Bold lines of the right half beside or after the recipients."""
    after = paper.lines.index(copies[0]) if copies else len(paper.lines) - 12
    page = copies[0].page if copies else len(paper.sizes) - 1
    bold = [line for line in paper.lines[max(after, 0):] if line.is_bold and not line.is_italic and line.middle > paper.sizes[0][0] / 2
            and line.page >= page and (not copies or line.page > page or line.top > copies[0].top - 8)]
    capitals = [line for line in bold if line.text == line.text.upper()]
    names = [line for line in bold if line.text != line.text.upper()]
    return capitals, names[0] if names else None


def _sheet(paper: Paper, parts: Parts) -> Iterator[str]:
    for number, (width, height) in enumerate(paper.sizes):
        if abs(width - 210 * MM) > CLOSE or abs(height - 297 * MM) > CLOSE:
            yield f"page {number + 1} is {width / MM:.1f} x {height / MM:.1f} mm, not A4 upright"
        lines = [line for line in paper.on(number) if line not in parts.page_numbers]
        marks = [mark for mark in paper.marks if mark.page == number]
        edges = [(each.x, each.top, each.end, each.bottom) for each in (*lines, *marks)]
        if not edges:
            yield f"page {number + 1} is empty"
            continue
        left, top = min(edge[0] for edge in edges), min(edge[1] for edge in edges)
        right, bottom = max(edge[2] for edge in edges), max(edge[3] for edge in edges)
        if not left >= 30 * MM - CLOSE:
            yield f"page {number + 1}: left margin {left / MM:.1f} mm, at least 30"
        if not top >= 20 * MM - CLOSE:
            yield f"page {number + 1}: top margin {top / MM:.1f} mm, at least 20"
        if right > width - 15 * MM + CLOSE:
            yield f"page {number + 1}: right margin {(width - right) / MM:.1f} mm, at least 15"
        if bottom > height - 20 * MM + CLOSE:
            yield f"page {number + 1}: bottom margin {(height - bottom) / MM:.1f} mm, at least 20"
        if number == 0 and (left > 35 * MM + CLOSE or top > 25 * MM + CLOSE):
            yield f"the text begins at {left / MM:.1f} and {top / MM:.1f} mm, at most 35 and 25"
    reaching = [line for line in parts.body if 15 * MM - CLOSE <= paper.sizes[0][0] - line.end <= 20 * MM + CLOSE]
    if not reaching and any(line.width > 140 * MM for line in parts.body):
        yield "no line reaches the right margin of 15 to 20 mm"


def _type(paper: Paper, parts: Parts) -> Iterator[str]:
    for line in paper.lines:
        if not line.face.startswith("Liberation-Serif"):
            yield f"{line.text!r} is set in {line.face}"
        if not line.is_black and line is not parts.stamp:
            yield f"{line.text!r} is not black"


def _page_numbers(paper: Paper, parts: Parts) -> Iterator[str]:
    if any(line.page == 0 for line in parts.page_numbers):
        yield "page 1 bears something in the top margin"
    for page in range(1, len(paper.sizes)):
        told = [line for line in parts.page_numbers if line.page == page]
        if [line.text for line in told] != [str(page + 1)]:
            yield f"page {page + 1} bears {[line.text for line in told]} in the top margin"
            continue
        middle = (30 * MM + paper.sizes[page][0] - 18 * MM) / 2
        if not 13 - CLOSE <= told[0].size <= 14 + CLOSE or told[0].is_italic or told[0].is_bold:
            yield f"page number of page {page + 1}: size {told[0].size}, upright 13 to 14 wanted"
        if abs(told[0].middle - middle) > 6 * MM:
            yield f"page number of page {page + 1} is not in the middle"


def _nation(paper: Paper, parts: Parts) -> Iterator[str]:
    nation, motto = parts.nation, parts.motto
    if nation is None or motto is None:
        yield "the national name or the motto is missing"
        return
    yield from _set("national name", nation, 12, 13, bold=True)
    yield from _set("motto", motto, 13, 14, bold=True)
    if nation.x < paper.sizes[0][0] * 0.4 or abs(nation.middle - motto.middle) > 1 or not 0 < motto.baseline - nation.baseline < 26:
        yield "the motto does not stand in the middle below the national name, at the right"
    rules = paper.rules_under(motto)
    if len(rules) != 1 or abs(rules[0].width - motto.width) > 1.5 or abs(rules[0].middle - motto.middle) > 1:
        yield f"below the motto: {[round(rule.width) for rule in rules]} instead of one rule of {motto.width:.0f} points"


def _issuer(paper: Paper, parts: Parts) -> Iterator[str]:
    if not parts.issuers:
        yield "the issuing body is missing"
        return
    for line in (*parts.parents, *parts.issuers):
        yield from _set("body", line, 12, 13, bold=line in parts.issuers)
        if line.text != line.text.upper():
            yield f"{line.text!r} is not in capitals"
    lines = [*parts.parents, *parts.issuers]
    if lines != sorted(lines, key=lambda line: line.baseline):
        yield "the parent body does not stand above the issuing body"
    if parts.nation and abs(lines[0].baseline - parts.nation.baseline) > 3:
        yield "the issuing body does not begin beside the national name"
    yield from _centred("the issuing body", lines)
    yield from _short_rule("the issuing body", paper, parts.issuers)


def _number(_paper: Paper, parts: Parts) -> Iterator[str]:
    number, place = parts.number, parts.place
    if number is None or place is None:
        yield "number or place and date are missing"
        return
    yield from _set("number", number, 13, 13)
    if not NUMBER.fullmatch(number.text):
        yield f"number {number.text!r}"
    if parts.issuers and (abs(number.middle - parts.issuers[-1].middle) > 1.5 or number.top < parts.issuers[-1].bottom):
        yield "the number does not stand in the middle below the issuing body"
    yield from _set("place and date", place, 13, 14, italic=True)
    if not DAY.fullmatch(place.text):
        yield f"place and date {place.text!r}"
    if abs(place.baseline - number.baseline) > 1:
        yield "place and date do not stand on the line of the number"
    if parts.motto and abs(place.middle - parts.motto.middle) > 1.5:
        yield "place and date do not stand in the middle below the motto"


def _subject(paper: Paper, parts: Parts) -> Iterator[str]:
    number = parts.number
    if number is None:
        return
    if parts.about:
        for line in parts.about:
            yield from _set("V/v", line, 12, 13)
        yield from _centred("V/v", [number, *parts.about])
        if parts.about[0].top - number.bottom < 6 - CLOSE:
            yield f"V/v stands {parts.about[0].top - number.bottom:.1f} points below the number, at least 6"
    elif parts.title:
        kind, *about = parts.title
        if kind.text != kind.text.upper():
            yield f"the name of the type {kind.text!r} is not in capitals"
        for line in parts.title:
            yield from _set("title", line, 13, 14, bold=True)
        yield from _centred("the title", parts.title)
        if abs(kind.middle - (30 * MM + paper.sizes[0][0] - 18 * MM) / 2) > 3 * MM:
            yield "the title does not stand in the middle"
        yield from _short_rule("the title", paper, about or [kind])
    else:
        yield "neither V/v nor the name of a type"


def _stamp(paper: Paper, parts: Parts) -> Iterator[str]:
    stamp, number = parts.stamp, parts.number
    red = [mark for mark in paper.marks if len(mark.color) == 3 and mark.color[0] > 0.6 and max(mark.color[1:]) < 0.3]
    if stamp is None or number is None:
        if any(line.text in STAMPS for line in paper.on(0)) or red:
            yield "a stamp that is not red, or a red box without one"
        return
    yield from _set("stamp", stamp, 13, 14, bold=True)
    if not (stamp.color[0] > 0.6 and max(stamp.color[1:]) < 0.3):
        yield f"the stamp is not red but {stamp.color}"
    box = _around(red)
    if box is None or abs(box.width / MM - STAMPS[stamp.text]) > 0.5 or abs(box.height / MM - 8) > 0.5:
        yield f"the box of the stamp: {box and (round(box.width / MM, 1), round(box.height / MM, 1))} mm, {STAMPS[stamp.text]} x 8 wanted"
    elif not (box.x < stamp.x and stamp.end < box.end and abs(box.middle - stamp.middle) < 1 and box.top < stamp.top + 3
              and stamp.baseline < box.bottom):
        yield "the stamp does not stand in the middle of its box"
    above = max([number, *parts.about], key=lambda line: line.bottom)
    if stamp.top < above.bottom or stamp.end > paper.sizes[0][0] / 2 or abs(stamp.middle - number.middle) > 1.5:
        yield "the stamp does not stand below number and V/v, at the left (10b)"


def _greeting(paper: Paper, parts: Parts) -> Iterator[str]:
    greeting = parts.greeting
    if greeting is None:
        return
    yield from _set("Kính gửi", greeting, 13, 14)
    named = [line for line in paper.lines if line.page >= greeting.page and line.text.startswith("- ") and line.size > 12.5
             and paper.lines.index(line) > paper.lines.index(greeting)]
    if greeting.text.strip() != "Kính gửi:":
        return
    ones = named[:next((place for place, line in enumerate(named) if line.text.endswith(".")), len(named)) + 1]
    if len(ones) < 2:
        yield "Kính gửi: stands alone"
        return
    if any(not line.text.endswith(";") for line in ones[:-1] if _is_whole(line, ones)) or not ones[-1].text.endswith("."):
        yield "the addressees do not end with ; and the last with a full stop"
    if max(line.x for line in ones) - min(line.x for line in ones) > CLOSE or not greeting.end - 6 <= ones[0].x <= greeting.end + 4:
        yield f"the dashes do not stand below the colon: {ones[0].x:.1f} and {greeting.end:.1f}"
    for line in ones:
        yield from _set("addressee", line, 13, 14)


def _is_whole(line: Line, lines: list[Line]) -> bool:
    """Whether an entry takes one line only."""
    following = next((other for other in lines if other.page == line.page and other.baseline > line.baseline), None)
    return following is None or following.baseline - line.baseline < 1.5 * line.size


def _body(paper: Paper, parts: Parts) -> Iterator[str]:
    left = 30 * MM
    lines = [line for line in parts.body if not line.is_bold
             and (abs(line.x - left) < CLOSE or left + 10 * MM - CLOSE <= line.x <= left + 12.7 * MM + 1)]
    if not lines:
        yield "no text"
        return
    for line in lines:
        if not 13 - CLOSE <= line.size <= 14 + CLOSE:
            yield f"text of size {line.size}: {line.text[:40]!r}"
    first = [line for line in lines if line.x > left + CLOSE]
    if not first:
        yield "no paragraph is indented by 1 to 1.27 cm"
    for line, following in pairwise(lines):
        step = following.baseline - line.baseline
        if following.page != line.page or not 0 < step < 3 * line.size:
            continue
        if following.x <= left + CLOSE:  # goes on: the line before it is full
            if line.end < max(each.end for each in lines) - 3 and not line.text.endswith(("/", "-")):
                yield f"not justified: {line.text[:40]!r}"
            if not 1.1 * line.size <= step <= 1.75 * line.size:
                yield f"lines {step:.1f} points apart at size {line.size}"
        else:
            usual = min((b.baseline - a.baseline for a, b in pairwise(lines)
                         if a.page == b.page and b.x <= left + CLOSE and b.baseline > a.baseline), default=line.size * 1.15)
            if step - usual < 6 - CLOSE:
                yield f"paragraphs {step - usual:.1f} points apart, at least 6: {following.text[:40]!r}"


def _signed(paper: Paper, parts: Parts) -> Iterator[str]:
    block = [*parts.authority, *([parts.signer] if parts.signer else [])]
    for line in block:
        yield from _set("signature", line, 13, 14, bold=True)
    yield from _centred("the signature", block)
    ranks = [rank for line in parts.authority for rank, name in enumerate(AUTHORITY) if line.text.startswith(name)]
    if ranks != sorted(ranks):
        yield f"in whose name: {[line.text for line in parts.authority]}"
    if parts.signer and (DEGREES.search(parts.signer.text) or (parts.authority and parts.signer.top < parts.authority[-1].bottom)):
        yield f"the name {parts.signer.text!r}"
    if parts.signer and parts.authority and parts.signer.top - parts.authority[-1].bottom < 20 * MM:
        yield "no room for signature and seal"
    if block and len({line.page for line in block}) > 1:
        yield "the signature is on two pages"


def _recipients(paper: Paper, parts: Parts) -> Iterator[str]:
    if not parts.copies:
        return
    head, *lines = parts.copies
    yield from _set("Nơi nhận", head, 12, 12, bold=True, italic=True)
    if abs(head.x - 30 * MM) > CLOSE:
        yield "Nơi nhận does not stand at the left margin"
    for line in lines:
        yield from _set("recipient", line, 11, 11)
    whole = " ".join(line.text for line in lines)
    entries = re.split(r"(?:^| )- ", whole)[1:]
    if any(not entry.endswith(";") for entry in entries[:-1]) or not re.fullmatch(r"Lưu: VT\b.*\.", entries[-1] if entries else ""):
        yield f"recipients: {entries[-2:]}"
    if parts.authority and abs(parts.authority[0].baseline - head.baseline) > 8:
        yield "the signature does not begin beside Nơi nhận"


def _order(paper: Paper, parts: Parts) -> Iterator[str]:
    """What a screen reader hears: the elements in the order of the page."""
    told = [("issuer", parts.issuers[:1]), ("nation", [parts.nation]), ("motto", [parts.motto]), ("number", [parts.number]),
            ("V/v", parts.about[:1]), ("stamp", [parts.stamp]), ("place", [parts.place]), ("title", parts.title[:1]),
            ("Kính gửi", [parts.greeting]), ("text", parts.body[:1]), ("Nơi nhận", parts.copies[:1]), ("signature", parts.authority[:1])]
    places = [(name, _index(paper, line)) for name, lines in told for line in lines if line is not None]
    if [place for _name, place in places] != sorted(place for _name, place in places):
        yield f"order: {places}"


def _index(paper: Paper, line: Line) -> int:
    return next(place for place, each in enumerate(paper.lines) if (each.page, each.x, each.baseline) == (line.page, line.x, line.baseline))


def _set(name: str, line: Line, least: float, most: float, *, bold: bool = False, italic: bool = False) -> Iterator[str]:
    if not least - 0.05 <= line.size <= most + 0.05 or line.is_bold != bold or line.is_italic != italic:
        yield f"{name} {line.text[:40]!r}: {line.face} {line.size}, {least} to {most}{' bold' * bold}{' italic' * italic} wanted"


def _centred(name: str, lines: list[Line]) -> Iterator[str]:
    middles = [line.middle for line in lines]
    if middles and max(middles) - min(middles) > 1.5:
        yield f"{name}: the lines have no common middle"


def _short_rule(name: str, paper: Paper, lines: list[Line]) -> Iterator[str]:
    """A rule of a third to half of the text's length in the middle below it."""
    rules = paper.rules_under(lines[-1])
    longest = max(line.width for line in lines)
    if len(rules) != 1:
        yield f"below {name}: {len(rules)} rules"
    elif not longest / 3 - 1 <= rules[0].width <= longest / 2 + 1 or abs(rules[0].middle - lines[-1].middle) > 1:
        yield f"below {name}: a rule of {rules[0].width:.0f} points at text of {longest:.0f}"


def _around(marks: list[Mark]) -> Mark | None:
    if not marks:
        return None
    return Mark(marks[0].page, min(each.x for each in marks), min(each.top for each in marks), max(each.end for each in marks),
                max(each.bottom for each in marks), marks[0].color)


DEMANDS = (_sheet, _type, _page_numbers, _nation, _issuer, _number, _subject, _stamp, _greeting, _body, _signed, _recipients, _order)
