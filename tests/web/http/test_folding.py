"""Folding (web/http/folding.py) changes no byte of a page, whatever the language, the marks and the path, and what it must not fold
stays."""
from __future__ import annotations

import pytest
from flask import Flask, url_for
from werkzeug.routing import BuildError

from tests import build
from tests.conftest import client_of
from tests.web.desk import Office, step
from tools.pages import marked
from web.http.folding import MOST_SETS, FoldingEnvironment

WAYS = {"vi": ("vi", False, ""), "en under a path": ("en", False, "/goc"), "marked under a path": ("vi", True, "/goc")}  # fmt: skip
"""Language, whether texts are marked, and the path the program is served under."""


def environment(app: Flask) -> FoldingEnvironment:
    assert isinstance(app.jinja_env, FoldingEnvironment)
    return app.jinja_env


def python_of(app: Flask, source: str) -> str:
    """What a template becomes for the readers of this request."""
    return environment(app).for_reader().compile(source, name="a.html", raw=True)


def written(app: Flask, source: str, **values: object) -> str:
    return environment(app).for_reader().from_string(source).render(values)


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


@pytest.fixture
def pages(office: Office) -> list[tuple[str, str]]:
    """People and the addresses they look at."""
    first, second = build.case_at(office.world, "to_verify", urgent=True), build.case_at(office.world, "handling")
    build.case_at(office.world, "rating")
    task = step(second, "submit_answer", "PTNMT", office)
    return [
        ("guest", "/"), ("guest", "/reports"), ("guest", "/reports/new"), ("guest", "/sign-in"), ("guest", "/track"), ("guest", "/nowhere"),
        ("guest", "/transparency"), ("operator", "/inbox"), ("operator", step(first, "verify")), ("operator", f"/cases/{first.ref}"),
        ("operator", f"/cases/{second.ref}"), ("operator", "/cases"), ("operator", f"{task}?back=/inbox%3Fview%3Dall"),
        ("officer_PTNMT", "/inbox"), ("officer_PTNMT", f"{task}?back=/inbox%3Fview%3Dall"), ("administrator", "/settings"),
        ("administrator", "/studio"), ("committee_leader", "/dashboard"), ("ops_lead", "/team"),
    ]  # fmt: skip


@pytest.mark.exhaustive
@pytest.mark.parametrize(("language", "is_marked", "path"), WAYS.values(), ids=WAYS)
def test_pages_are_the_same_folded_and_as_written(
    office: Office, pages: list[tuple[str, str]], language: str, is_marked: bool, path: str
) -> None:
    office.app.config["PSEUDO_LOCALE"] = is_marked
    folds = environment(office.app)
    guest = client_of(office.app)
    for name, address in pages:
        browser = guest if name == "guest" else office.browser(name)
        browser.get(f"/language?code={language}")
        given = []
        for reloads in (False, True):
            folds.auto_reload = reloads
            try:
                answer = browser.get(address, base_url=f"http://localhost{path}")
            finally:
                folds.auto_reload = False
            given.append((answer.status_code, marked(answer.text)))
        assert given[0] == given[1], (name, address)
        assert path in given[0][1]
        assert ("⟦" in given[0][1]) is is_marked
    assert {each.path for each in folds.sets if each.is_marked == is_marked and each.language == language} >= {path}


class TestWhatIsFolded:
    def test_texts_addresses_and_icons_become_constants(self, sqlite_app: Flask) -> None:
        source = (
            '{% from "components/icon.html" import icon %}'
            "<a href=\"{{ url_for('static', filename='img/mark.svg') }}\">{{ icon('check') }}{{ _('Inbox') }}</a>"
            '<a href="{{ url_for("inbox.inbox", view="late", whose="own") }}">'
        )
        with sqlite_app.test_request_context("/", base_url="http://localhost/goc"):
            python, plain = python_of(sqlite_app, source), environment(sqlite_app).from_string(source).render()
            for constant in ("Hộp việc", "/goc/static/img/mark.svg?v=", "#i-check", "/goc/inbox?view=late&amp;whose=own"):
                assert constant in python
            for call in ("url_for", "context.call"):
                assert call not in python
            assert written(sqlite_app, source) == plain

    def test_what_is_put_into_a_text_is_still_escaped(self, sqlite_app: Flask) -> None:
        with sqlite_app.test_request_context("/"):
            source = "{{ _('For %(name)s', name=name) }}|{{ _('100%% of <b>') }}|{{ _('For %(name)s', name='<i>') ~ ' & ' }}"
            assert written(sqlite_app, source, name="<Lan>") == environment(sqlite_app).from_string(source).render(name="<Lan>")
            assert "&lt;Lan&gt;" in written(sqlite_app, source, name="<Lan>")


class TestWhatIsLeft:
    @pytest.mark.parametrize("source", [
        "{{ url_for('cases.search') }}", "{{ url_for('tasks.task', ref='x') }}", "{{ url_for('inbox.claim', ref='x') }}",
        "{{ url_for('.task', ref='x') }}", "{{ url_for('public.home', _external=true) }}", "{{ url_for('inbox.inbox', view=view) }}",
        "{{ url_for('no.such_page') if no }}", "{{ url_for('public.report') if no }}",
    ])  # fmt: skip
    def test_addresses_that_depend_on_the_request_are_computed(self, sqlite_app: Flask, source: str) -> None:
        with sqlite_app.test_request_context("/tasks/x?back=/inbox%3Fview%3Dlate"):
            assert "'url_for'" in python_of(sqlite_app, source)

    def test_the_way_back_is_carried_by_the_template_another_request_compiled(self, sqlite_app: Flask) -> None:
        with sqlite_app.test_request_context("/tasks/x"):
            template = environment(sqlite_app).for_reader().from_string("{{ url_for('tasks.task', ref='y') }}")
            assert template.render() == "/tasks/y"
        with sqlite_app.test_request_context("/tasks/x?back=/inbox%3Fview%3Dlate"):
            assert template.render() == "/tasks/y?back=/inbox?view%3Dlate"

    def test_nothing_else_adds_to_addresses(self, sqlite_app: Flask) -> None:
        """Who adds such a function says in web/__init__.py which addresses vary by it."""
        functions = [(place, each.__module__, each.__name__) for place, found in sqlite_app.url_default_functions.items() for each in found]
        assert functions == [(None, "web.inbox.return_url", "_carry"), (None, "web.http.static_files", "_add_digest")]

    @pytest.mark.parametrize("source", [
        "{% set _ = given %}{{ _('Inbox') }}", "{% macro url_for(a) %}{{ a }}!{% endmacro %}{{ url_for('public.home') }}",
        "{% from 'components/tags.html' import count as icon %}{{ icon(3, 'x') }}",
        "{% macro shown(icon) %}{{ icon('check') }}{% endmacro %}{{ shown(given) }}",
    ])  # fmt: skip
    def test_a_name_of_the_templates_own_keeps_its_meaning(self, sqlite_app: Flask, source: str) -> None:
        with sqlite_app.test_request_context("/"):
            values = {"given": lambda text: f"<{text}>"}
            assert written(sqlite_app, source, **values) == environment(sqlite_app).from_string(source).render(values)

    def test_a_template_without_a_request_has_no_addresses(self, sqlite_app: Flask) -> None:
        assert "'url_for'" in python_of(sqlite_app, "{{ url_for('public.home') }}")


def test_paths_nobody_set_up_do_not_fill_the_memory(sqlite_app: Flask) -> None:
    folds = environment(sqlite_app)
    for number in range(MOST_SETS + 3):
        with sqlite_app.test_request_context("/", base_url=f"http://localhost/{number}"):
            assert written(sqlite_app, "{{ url_for('public.home') }}") == f"/{number}/"
    assert len(folds.sets) == MOST_SETS
    folds.sets.clear()


class TestRows:
    """Addresses of rows (web/http/row_addresses.py)."""

    @pytest.mark.parametrize("values", [
        {"ref": "Ab_-9"}, {"ref": "a b/ä&"}, {"ref": "x", "back": "/inbox?q=~row~"}, {"ref": "x", "back": None}, {"ref": "x", "page": 2},
        {"ref": "x", "_anchor": "n-1"}, {"ref": "x", "_external": True},
    ])  # fmt: skip
    @pytest.mark.parametrize("address", ["/inbox?back=/inbox", "/tasks/x", "/tasks/x?back=/inbox%3Fview%3Dlate"])
    def test_are_what_flask_makes_of_them(self, sqlite_app: Flask, address: str, values: dict[str, object]) -> None:
        with sqlite_app.test_request_context(address, base_url="http://localhost/goc"):
            for endpoint in ("tasks.task", "cases.case", "inbox.claim", "statistics.snapshot"):
                plain = Flask.url_for(sqlite_app, endpoint, **values)  # type: ignore[arg-type]
                assert [url_for(endpoint, **values) for _again in range(2)] == [plain] * 2

    def test_a_row_that_has_no_page_is_refused_as_before(self, sqlite_app: Flask) -> None:
        with sqlite_app.test_request_context("/"), pytest.raises(BuildError, match=r"no\.such_page"):
            url_for("no.such_page", ref="x")

    def test_a_row_without_a_name_is_refused_as_before(self, sqlite_app: Flask) -> None:
        with sqlite_app.test_request_context("/"), pytest.raises(BuildError, match=r"ref"):
            url_for("tasks.task", ref=None)
