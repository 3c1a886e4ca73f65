"""What a person wrote in a letter: HTML as text, and the quoted history cut off."""

import re
from html.parser import HTMLParser

from casework.mail_in.headers import seen

LONGEST = 20_000
"""Characters of a letter that are kept as its words."""

LONGEST_HTML = 400_000
"""Characters of HTML that are read; what comes after is left out."""

_LEFT_OUT = frozenset({"script", "style", "head", "title", "template", "svg", "math", "object"})
_BREAKS = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "hr", "pre"})
_VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "col", "area", "base", "embed", "source", "track", "wbr"})
_QUOTES = ("gmail_quote", "yahoo_quoted", "moz-cite-prefix", "protonmail_quote")

_RULE = re.compile(r"[-_]{5,}\s?(original message|forwarded message|thư gốc|tin nhắn gốc|thư đã chuyển tiếp)?\s?[-_]{0,40}")
_WROTE = re.compile(r"(on|vào|ngày|lúc) .{4,300} (wrote|đã viết|viết):")
_SENDER = ("from:", "từ:", "người gửi:")
_BELOW = ("sent:", "date:", "to:", "đã gửi:", "ngày:", "tới:", "đến:", "gửi:")


def text_of_html(html: str) -> str:
    """The words of HTML as its reader sees them, without scripts, styles and what the usual mail programs mark as quoted."""
    reader = _Words()
    reader.feed(html[:LONGEST_HTML] + "<br>")  # text is handed on when the next element begins
    return "\n".join(" ".join(line.split()) for line in "".join(reader.words).split("\n"))


def without_history(text: str) -> str:
    """The words above the quoted history, at most LONGEST characters."""
    kept: list[str] = []
    lines = [line.strip() for line in seen(text[: LONGEST * 4]).split("\n")]
    for number, line in enumerate(lines):
        if _begins_history(line, lines[number + 1 : number + 4]):
            break
        if not line.startswith(">"):
            kept.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()[:LONGEST]


def _begins_history(line: str, after: list[str]) -> bool:
    low = line.lower()[:400]
    if _RULE.fullmatch(low):
        return True
    # a long line "On … wrote:" is broken into two or three by some programs
    if low.startswith(("on ", "vào ", "ngày ", "lúc ")):
        joined = [" ".join([low, *(each.lower()[:400] for each in after[:more])]).strip() for more in range(3)]
        if any(_WROTE.fullmatch(each) for each in joined):
            return True
    return low.lstrip("*").startswith(_SENDER) and any(each.lower().lstrip("*").startswith(_BELOW) for each in after[:2])


class _Words(HTMLParser):
    """Collects text. `hidden` holds the open elements from the outermost that is left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.hidden:
            if tag == self.hidden[0]:
                self.hidden.append(tag)
            return
        marks = dict(attrs).get("class") or ""
        if tag in _LEFT_OUT or tag == "blockquote" or (tag not in _VOID and any(quote in marks for quote in _QUOTES)):
            self.hidden.append(tag)
        elif tag in _BREAKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self.hidden:
            if tag == self.hidden[0]:
                self.hidden.pop()
        elif tag in _BREAKS:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.words.append(data.replace("\n", " "))
