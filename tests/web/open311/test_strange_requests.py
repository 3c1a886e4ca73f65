"""Open311: whatever is asked, by whatever method, there is no fault of ours, no status the page does not name, and both formats agree."""
from __future__ import annotations

from urllib.parse import quote_plus

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from tests import build
from tests.conftest import client_of
from tests.web.open311.asked import BASE, House, as_value, in_xml, new_key, opened, put

EXAMPLES = 120
DOCUMENTED = {200, 304, 400, 403, 404, 405, 413, 429}
"""docs/open311.md, "What is refused"; 503 is an answer, too, but to a machine that is busy."""
LIMITS = ("reads_open", "reads_key", "acts", "reports_an_hour", "reports_a_day", "wrong_keys")

READ = ("jurisdiction_id", "service_request_id", "service_code", "status", "start_date", "end_date", "updated_after", "updated_before",
        "page", "page_size", "extensions", "api_key", "nothing")  # fmt: skip
SENT = ("jurisdiction_id", "service_code", "lat", "long", "address_string", "address_id", "description", "email", "phone", "first_name",
        "last_name", "media_url", "attribute[urgent]", "attribute[village]", "attribute[seen_at]", "attribute[", "device_id", "api_key",
        "service_request_id", "update_id", "status", "updated_datetime")  # fmt: skip
EDGES = (
    "", " ", "ld", "LD", "rung_dat_moi_truong", "do_thi", "open", "closed,open", "true", "1", "0", "-1", "１", "1001", "9" * 21,
    "NaN", "1e400", "-0", "12.0", "108.4", "2026-03-02T00:00:00+07:00", "2026-03-02T00:00:00 07:00", "2026-03-02", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z", "\0", "\x08", "\ufffe", "\u202e", "a\r\nb: c", "<a>&amp;]]>", "%", "'", '"', ",",
    ",,,", "LD-2026-000001", "LD-2026-000001," * 3, "data:image/png;base64,AAAA", "data:image/png;base64,!", "https://127.0.0.1/x.jpg",
    "0912345678", "a@example.org", "yes", "x" * 300,
)  # fmt: skip
RAW = ("%ff", "%C3%28", "%ED%A0%80", "%00", "%", "%zz", "+", "%F0%9F%92%A9")
"""As it stands in an address: bytes that are no text, half a pair, the sign that ends a text."""
PLACES = ("requests", "requests/{}", "services", "services/{}", "servicerequestupdates", "tokens/{}", "nothing/{}", "../discovery")
METHODS = ("GET", "GET", "GET", "GET", "HEAD", "POST", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

values = st.sampled_from(EDGES) | st.text(max_size=30)
encoded = values.map(lambda text: quote_plus(text, errors="ignore")) | st.sampled_from(RAW)


def test_no_request_finds_a_fault(sqlite_app: Flask) -> None:
    check_requests(sqlite_app, EXAMPLES)


def check_requests(app: Flask, examples: int) -> None:
    """Ask so many requests of one house, one after the other, each in both formats."""
    house = opened(app)
    for limit in LIMITS:
        put(house.world, f"door_{limit}", "1000000", everywhere=True)
    for state in ("to_verify", "handling", "rating"):
        build.case_at(house.world, state)
    key = new_key(house.world)

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def whatever_is_asked(data: st.DataObject) -> None:
        method, place = data.draw(st.sampled_from(METHODS)), data.draw(st.sampled_from(PLACES))
        path = place.format(data.draw(encoded)).replace("/../", "/")
        names = SENT if method == "POST" else READ
        pairs = data.draw(st.lists(st.tuples(st.sampled_from(names), encoded), max_size=5))
        headers = {"Authorization": f"Bearer {key}"} if data.draw(st.booleans()) else {}
        if data.draw(st.integers(0, 3)) == 0:
            headers["Idempotency-Key"] = quote_plus(data.draw(values), errors="ignore")
        sent = "&".join(f"{name}={value}" for name, value in pairs)
        xml, json = (asked(house, method, path, form, sent, headers) for form in ("xml", "json"))
        assert xml.status_code in DOCUMENTED, (method, path, pairs, xml.status_code, xml.data[:500])
        assert xml.status_code == json.status_code, (method, path, pairs)
        agree(xml, json, is_post=method == "POST")

    whatever_is_asked()


def asked(house: House, method: str, path: str, form: str, pairs: str, headers: dict[str, str]) -> TestResponse:
    address, sent = f"{BASE}/{path}.{form}".replace("/v2/../", "/"), {"headers": headers}
    if method == "POST":
        return client_of(house.app).open(address, method=method, data=pairs, content_type="application/x-www-form-urlencoded", **sent)
    return client_of(house.app).open(f"{address}?{pairs}", method=method, **sent)


def agree(xml: TestResponse, json: TestResponse, *, is_post: bool) -> None:
    """Both say the same; of a report that was filed the second time it is a repeat, which says the same, too."""
    if not json.data or not xml.data or json.content_type != "application/json; charset=utf-8":
        return
    told, written = json.json, in_xml(xml)
    if is_post and json.status_code == 200:
        assert list(told[0]) == [each.tag for each in written[0]]
    else:
        assert as_value(written, told) == told
    assert json.status_code == 200 or all(each["code"] and each["description"] for each in told)
