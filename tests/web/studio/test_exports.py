"""A version on paper: the drawing a browser sends is not trusted, the sheet carries what it is; tables likewise."""
from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO

import pypdf
import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db
from casework.errors import CaseworkError
from reports.drawings import DEEPEST, MOST_ELEMENTS, MOST_GEOMETRY, MOST_MARKED, MOST_WORDS, PictureRefused, clean_picture, is_upright
from tests.web.desk import Office
from workflows.models import ProcessVersion
from workflows.versions.live import FIELD_REPORT, ROUTING

OPEN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="40" height="20" viewBox="0 0 40 20">'
ENDS = (
    '<defs><marker id="end-1" viewBox="0 0 20 20" refX="11" refY="10"><path d="M 1 5 L 11 10 L 1 15 Z" style="fill: black;"/></marker>'
    "</defs>"
)
DRAWN = OPEN + ENDS + (
    '<g class="djs-element" data-element-id="x" style="display: block;" transform="matrix(1 0 0 1 5 5)"><rect x="0" y="0" width="20"'
    ' height="9" rx="3" style="stroke: rgb(34, 36, 42); stroke-width: 2px; fill: white; fill-opacity: 0.95;"/><path d="M 0 0L 9 9"'
    ''' style="fill: none; marker-end: url('#end-1');"/><text style="font-family: Arial; font-size: 12px;">'''
    '<tspan x="2" y="7">Duyệt</tspan></text></g></svg>'
)
"""As bpmn-js writes it, with everything a drawing of ours has."""
HOSTILE = (
    "<script>alert(1)</script>", '<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject>',
    '<image xlink:href="file:///etc/passwd"/>', '<use xlink:href="#end-1"/>', "<style>@import url(http://169.254.169.254/)</style>",
    '<a xlink:href="javascript:alert(1)"><path d="M0 0"/></a>', '<animate attributeName="x"/>', '<pattern id="p"/>', '<filter id="f"/>',
    '<marker id="loop"><marker/></marker>', '<marker id="m"><path/><path/><path/><path/><path/></marker>', '<html xmlns="urn:x"/>',
)  # fmt: skip
DROPPED = (
    'onload="alert(1)"', 'xlink:href="http://evil.example/"', 'fill="url(http://evil.example/#a)"', 'style="fill:url(file:///etc/passwd)"',
    'style="fill: u\\72l(http://evil.example/)"', 'style="background:url(x)"', 'filter="url(#f)"', 'marker-mid="url(#end-1)"',
    'marker-end="url(http://evil.example/#end-1)"', 'style="fill:red;;width:expression(alert(1))"', 'd="M0 0 url(x)"', 'id="&lt;b&gt;"',
)  # fmt: skip


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def version_of(key: str) -> ProcessVersion:
    return db.session.scalars(select(ProcessVersion).where(ProcessVersion.key == key, ProcessVersion.state == "live")).one()


def bombs() -> Iterator[str]:
    yield ""
    yield "<svg/>"
    yield "not xml"
    yield DRAWN.replace("<svg", '<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg', 1)
    yield '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">' + DRAWN
    yield OPEN + "<g/>" * (MOST_ELEMENTS + 1) + "</svg>"
    yield OPEN + "<g>" * (DEEPEST + 1) + "</g>" * (DEEPEST + 1) + "</svg>"
    yield OPEN + f"<text>{'ộ' * 399}</text>" * (MOST_WORDS // 399 + 1) + "</svg>"
    yield OPEN + f'<polyline points="{"1,1 " * (MOST_GEOMETRY // 4)}"/>' + "</svg>"
    yield OPEN + '<path d="M0 0L1 1" style="marker-end:url(#m)"/>' * (MOST_MARKED + 1) + "</svg>"
    yield OPEN + "<g>" * 300 + "</g>" * 300 + "</svg>"
    yield OPEN + " " * 2_000_000 + "</svg>"


def test_of_a_drawing_only_what_ours_have_is_kept() -> None:
    clean = clean_picture(DRAWN.encode()).decode()
    assert all(each in clean for each in ("Duyệt", "matrix(1 0 0 1 5 5)", "stroke-width:2px", "marker-end:url('#end-1')", 'refX="11"'))
    assert all(each not in clean for each in ("class=", "data-", "Arial"))
    for part in HOSTILE:
        with pytest.raises(PictureRefused):
            clean_picture(DRAWN.replace("</svg>", f"{part}</svg>").encode())
    for given in DROPPED:
        kept = clean_picture(f"{OPEN}{ENDS}<path {given}/></svg>".encode()).decode()
        assert not re.search(r"evil|passwd|onload|expression|filter|marker-mid|http:(?!//www\.w3\.org/2000/svg)|url\(|\\|&lt;", kept), kept
    inner = clean_picture(DRAWN.replace('d="M 1 5', 'marker-end="url(#end-1)" d="M 1 5').encode()).decode()
    assert 'marker-end="' not in inner, "a marker that draws itself would never end"
    for bomb in bombs():
        with pytest.raises(CaseworkError):
            clean_picture(bomb.encode())
    assert not is_upright(clean_picture(DRAWN.encode()))
    assert is_upright(clean_picture(DRAWN.replace("0 0 40 20", "0 0 20 40").encode()))


@pytest.mark.exhaustive
def test_a_drawing_and_a_table_are_printed_with_what_they_are(office: Office) -> None:
    version, rules = version_of(FIELD_REPORT), version_of(ROUTING)
    address = f"/studio/versions/{version.ref}/picture.pdf"
    answer = office.browser("inspector").post(address, data=DRAWN.encode(), content_type="image/svg+xml")
    assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (200, "application/pdf", "no-store")
    pages = pypdf.PdfReader(BytesIO(answer.data)).pages
    assert [round(float(each)) for each in pages[0].mediabox] == [0, 0, 1191, 842], "A3, lying"
    sheet, names = pages[0].extract_text(), pages[1].extract_text()
    assert all(each in sheet for each in ("Xử lý phản ánh", f"Bản số {version.number}", "Toàn hệ thống", "Trang 1/", "Duyệt"))
    assert all(each in names for each in ("Phân loại", "Classify")), "the parts by both names come after the drawing"
    refused = office.browser("inspector").post(address, data=DRAWN.replace("</svg>", "<script/></svg>").encode())
    assert (refused.status_code, "không phải hình vẽ" in (refused.json or {})["refusal"]) == (422, True)
    assert office.browser("inspector").post(address, data=b"x" * 2_000_001).status_code == 413
    assert office.browser("operator").post(address, data=DRAWN.encode()).status_code == 403
    assert office.browser("inspector").post(address.replace(version.ref, rules.ref), data=DRAWN.encode()).status_code == 404
    printed = office.browser("inspector").get(f"/studio/versions/{rules.ref}/table.pdf")
    assert all(each in pypdf.PdfReader(BytesIO(printed.data)).pages[0].extract_text() for each in ("Bảng gợi ý", "Chủ trì"))
