"""The log of who revealed senders and exported lists: for inspectors, and without the reasons for administrators."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.parsing import number_in
from casework.permissions import Action, Role
from casework.rights.access_log import LONGEST_CODE, LONGEST_LOGIN, LogRefused, LookFilter, LookPage, looks_logged
from web.exports.links import export_url
from web.guards import actor, performs
from web.locales import in_reader_language as local
from web.public.filters import day_typed

bp = Blueprint("rights_access", __name__)


@bp.get("/personal-data/looks")
@performs(Action.READ_LOOKS)
def looks() -> ResponseReturnValue:
    asked = {name: request.args.get(name, "").strip()[:longest] for name, longest in
             (("login", LONGEST_LOGIN), ("code", LONGEST_CODE), ("from", 20), ("to", 20))}  # fmt: skip
    wanted = LookFilter(asked["login"], asked["code"], day_typed("from"), day_typed("to"))
    before, refusal = request.args.get("before", ""), _misread(asked, wanted)
    try:
        page = looks_logged(actor(), wanted, before=number_in(before))
    except LogRefused as refused:
        page, refusal = LookPage([], None), local(refused.text)
    chosen: dict[str, Any] = {name: value for name, value in asked.items() if value}
    return render_template(
        "rights/looks.html", looks=page.looks, asked=asked, refusal=refusal, reads_reasons=Role.INSPECTOR in actor().roles,
        next_url=url_for(".looks", **chosen, before=page.next_before) if page.next_before else "",
        first_url=url_for(".looks", **chosen) if before else "", is_narrowed=bool(chosen), export=export_url("looks", **asked),
    ), 422 if refusal else 200  # fmt: skip


def _misread(asked: dict[str, str], wanted: LookFilter) -> str:
    for name, day in (("from", wanted.first), ("to", wanted.last)):
        if asked[name] and day is None:
            return str(_("“%(typed)s” is not a day. Example: 31/12/2026", typed=asked[name]))
    return ""
