"""The macros every page is made of, rendered alone."""
import re
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from flask_babel import Babel
from flask_wtf import FlaskForm
from wtforms import BooleanField, FileField, PasswordField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired

from web.addresses import this_address, this_path
from web.forms import said_with
from web.typed_in import typed_in

NOON = datetime(2026, 3, 2, 5, tzinfo=UTC)
WEB = Path(__file__).parent.parent.parent / "web"
COMPONENTS = WEB.glob("templates/components/*.html")
MACROS = {path.stem: set(re.findall(r"macro (\w+)\(", path.read_text(encoding="utf-8"))) for path in COMPONENTS}


class ExampleForm(FlaskForm):
    phone = StringField("Số điện thoại", validators=[DataRequired("Xin ghi số điện thoại")], description="Trung tâm gọi lại khi cần")
    words = TextAreaField("Nội dung")
    area = SelectField("Địa bàn", choices=[SelectChoice("1", "Xã Lát")], validate_choice=False)
    level = RadioField("Mức độ", choices=[SelectChoice("normal", "Bình thường"), SelectChoice("urgent", "Khẩn")], validate_choice=False)
    agreed = BooleanField("Tôi đồng ý")
    photo = FileField("Ảnh")
    password = PasswordField("Mật khẩu")


@pytest.fixture
def bare() -> Flask:
    """Templates with the few filters they need, without database or pages."""
    app = Flask("bare", root_path=str(WEB))
    app.config.update(SECRET_KEY="x" * 32, WTF_CSRF_ENABLED=False, BABEL_DEFAULT_LOCALE="en")
    Babel(app)
    app.jinja_env.filters["local"] = lambda words: words
    app.jinja_env.filters["datetime"] = lambda instant: f"{instant:%H:%M %d/%m/%Y}"
    app.jinja_env.filters["phone"] = lambda words: words
    app.jinja_env.filters["typed"] = typed_in
    app.jinja_env.globals.update(said_with=said_with, this_address=this_address, this_path=this_path)
    return app


def render(app: Flask, component: str, source: str, **values: object) -> str:
    """What `source` makes with the macros of one component; `form` in it is an ExampleForm sent empty."""
    with app.test_request_context("/", method="POST"):
        form = ExampleForm()
        form.validate()
        names = ", ".join(sorted(set(re.findall(r"\b(\w+)\(", source)) & MACROS[component]))
        return app.jinja_env.from_string(f'{{% from "components/{component}.html" import {names} %}}{source}').render(values, form=form)


def test_a_field_ties_label_help_and_error_to_the_input(bare: Flask) -> None:
    html = render(bare, "forms", '{{ form_field(form.phone, inputmode="tel", optional=true) }}')
    assert '<label class="form-label" for="phone">Số điện thoại <span class="opt">optional</span></label>' in html
    assert 'aria-describedby="phone-help phone-error"' in html
    assert 'aria-invalid="true"' in html
    assert 'class="form-control is-invalid"' in html
    assert 'inputmode="tel"' in html
    assert 'id="phone-help">Trung tâm gọi lại khi cần<' in html
    assert "<span>Xin ghi số điện thoại</span>" in html


def test_a_field_without_fault_says_nothing(bare: Flask) -> None:
    html = render(bare, "forms", '{{ form_field(form.words, rows=4) }}{{ form_field(form.area) }}')
    assert "aria-" not in html
    assert '<textarea class="form-control" id="words" name="words" rows="4">' in html
    assert '<select class="form-select" id="area"' in html


def test_ticks_and_choices_are_whole_boxes(bare: Flask) -> None:
    html = render(bare, "forms", '{{ check_field(form.agreed) }}{{ choice_field(form.level, columns=2) }}')
    assert '<label for="agreed">Tôi đồng ý</label>' in html
    assert '<fieldset class="choices choices-2" id="level" role="radiogroup">' in html
    assert html.count('<label class="choice"><input id="level-') == 2


def test_the_summary_leads_to_each_fault(bare: Flask) -> None:
    html = render(bare, "forms", '{{ error_summary(form, refusal="Đã quá hạn.") }}')
    assert 'role="alert" tabindex="-1" data-errors' in html
    assert "1 place needs correcting" in html
    assert '<a href="#phone">Số điện thoại</a>: Xin ghi số điện thoại' in html
    assert "Đã quá hạn." in html


def test_words_are_escaped(bare: Flask) -> None:
    html = render(bare, "tags", '{{ status_tag("2", words, chip=true) }}{{ tag(words, "video") }}', words="<b>x")
    assert "<b>x" not in html
    assert 'class="status status-chip" data-step="2">&lt;b&gt;x' in html
    assert "vendor/tabler/citizen.svg#i-video" in html


def test_icons_that_citizens_never_load_come_from_the_other_sprite(bare: Flask) -> None:
    assert "vendor/tabler/staff.svg#i-sitemap" in render(bare, "icon", '{{ icon("sitemap") }}')


def test_a_due_chip_says_its_words_and_its_instant(bare: Flask) -> None:
    late = SimpleNamespace(state="late", words="Trễ 2 ngày", at=NOON)
    html = render(bare, "tags", '{{ due_chip(due) }}', due=late)
    assert 'data-due="late" title="05:00 02/03/2026"' in html
    assert "Trễ 2 ngày" in html


def test_events_stand_with_their_time(bare: Flask) -> None:
    events = [SimpleNamespace(words="Công khai", at=NOON, note="kèm 2 ảnh", is_main=True),
              SimpleNamespace(words="Gửi", at=NOON, note="", is_main=False)]
    html = render(bare, "timeline", '{{ event_list(events) }}{{ progress(["a", "b", "c"], 1) }}', events=events)
    assert '<li data-is="main">Công khai<span class="muted"> · kèm 2 ảnh</span><time datetime="2026-03-02T05:00:00+00:00">' in html
    assert '<li data-is="done">a</li>' in html
    assert '<li aria-current="step">b</li>' in html


def test_a_missing_photo_is_said(bare: Flask) -> None:
    html = render(bare, "photos", '{{ photo_pair({"src": "/a.jpg", "alt": "Hố"}, none) }}')
    assert '<img src="/a.jpg" width="960" height="720" alt="Hố">' in html
    assert "After: no photo" in html


def test_boxes_hold_what_they_are_called_with(bare: Flask) -> None:
    html = render(bare, "boxes", """{% call banner(tone="wait") %}một{% endcall %}{% call empty("Trống", heading=true) %}hai{% endcall %}
        {% call answer("UBND xã Lát", "Đơn vị chủ trì", at, true) %}ba{% endcall %}{{ sealed() }}
        {{ facts([("Nơi", "Xã Lát")]) }}""", at=NOON)
    assert 'data-tone="wait"' in html
    assert "<h1>Trống</h1>hai" in html
    assert 'data-role="lead"' in html
    assert "Open with a reason" not in html
    assert "<dt>Nơi</dt><dd>Xã Lát</dd>" in html


def test_pages_link_only_where_there_is_more(bare: Flask) -> None:
    assert 'rel="next"' in render(bare, "pagination", "{{ pagination(next=after) }}", after="?after=x")
    assert not render(bare, "pagination", "{{ pagination(next=after) }}", after="").strip()


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("code", [403, 404, 409, 412, 413, 500])
@pytest.mark.parametrize("is_staff", [False, True])
def test_every_error_page_says_what_is_so(bare: Flask, code: int, is_staff: bool) -> None:
    for endpoint in ("public.home", "inbox.inbox", "public.set_language", "auth.sign_in", "auth.sign_out", "auth.sessions",
                     "comfort.set_comfort", "transparency.transparency", "documents_verify.verify", "offline.manifest",
                     "offline.queue", "consent.privacy", "public.help_page", "public_layers.feed", "foot.accessibility", "foot.licences",
                     "palette.rows", "bell.lines", "bell.newest"):  # fmt: skip
        bare.add_url_rule(f"/{endpoint}", endpoint, lambda **_: "")
    bare.jinja_env.globals["csrf_token"] = lambda: "token"
    bare.jinja_env.globals["in_app"] = lambda: ""
    bare.jinja_env.globals["other_languages"] = lambda _language: []
    entry = SimpleNamespace(url="/inbox", words="Hộp việc", icon="inbox", is_current=True, count=3, is_main=False)
    values = {
        "language": "vi", "is_staff": is_staff, "navigation": [entry], "tabs": [entry], "demo": True,
        "centre": SimpleNamespace(name="IOC", phone="0263"),
        "current_user": SimpleNamespace(is_authenticated=is_staff, name="Mai", initials="TM", role_words="Tổ vận hành"),
        "words": "Ông Khôi đã phân phối.", "changes": [("Chủ trì", "A", "B")], "max_photo_mb": 15, "request_id": "r-1",
        "queue_owner": lambda: "",
    }
    with bare.test_request_context("/x?y=1"):
        html = bare.jinja_env.get_template(f"errors/{code}.html").render(values)
    assert f"Code {code}" in html
    assert "<h1>" in html
    assert ("sitebar-staff" in html) == (is_staff and code != 500)
    assert "bootstrap" not in html or is_staff


def test_a_share_is_written_by_one_filter_alone() -> None:
    """92,5 %: with a blank, and the comma of the reader's language."""
    templates = Path(__file__).parent.parent.parent / "web/templates"
    texts = {str(path.relative_to(templates)): path.read_text() for path in templates.rglob("*.*")}
    assert [name for name, text in texts.items() if re.search(r"\}\}\s?%|\)s\s?%%", text)] == []
