"""Settings of message texts: the purpose of each kind, its wording by channel and language, and changing it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import HiddenField, StringField, TextAreaField

from casework.bilingual import Bilingual
from casework.calendars import calendar_of
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.messages.kinds import AUDIENCE_LABELS, KINDS, LINK, PLACE_LABELS, Audience, Kind
from casework.messages.lengths import GSM, GSM_OF_TWO, LONGEST_ZNS, MOST_SMS_SEGMENTS, sms_segments
from casework.messages.rendering import fill
from casework.messages.texts import (
    FIELDS,
    LANGUAGES,
    LONGEST,
    TemplateWords,
    TextRefused,
    change_text,
    faults_of,
    longest_parameter,
    restore_text,
    shipped_words,
    sms_of,
    texts_in_force,
    with_places_of,
    words_of,
)
from casework.models import Centre, TextTemplate
from casework.permissions import Action, NotAllowed, Role
from web.addresses import on_the_web
from web.clock import now
from web.forms import Form
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.settings.edit_conflicts import lock_before_reading, mark_for_form, refuse_changed

bp = Blueprint("settings_texts", __name__)

INSTALLATION = "house"
"""In an address: the installation's texts, which hold where a centre has none of its own."""
MOST_CENTRES = 50
SHOWN_OF_PUSH = 110
"""Roughly the characters of a notice that a telephone shows; the rest is cut."""
ZNS_PREFIX = "zns-"

PART_LABELS = {"subject": _l("Subject"), "body": _l("Words of the e-mail"), "short": _l("Short words")}
LANGUAGE_LABELS = {"vi": Bilingual("tiếng Việt", "Vietnamese"), "en": Bilingual("tiếng Anh", "English")}

SAMPLES: dict[str, Bilingual] = {
    "number": Bilingual("12", "12"),
    "due_at": Bilingual("17:00 19/07/2026", "17:00 19/07/2026"),
    "reason": Bilingual("cần khảo sát thêm tại hiện trường", "the place has to be looked at again"),
    "guidance": Bilingual("Ông/Bà ghi rõ địa điểm và gửi lại kèm ảnh.", "Please name the place and send it again with a photo."),
    "lead": Bilingual("Phòng Tài nguyên và Môi trường", "Natural Resources and Environment Office"),
    "agency": Bilingual("Phòng Tài nguyên và Môi trường", "Natural Resources and Environment Office"),
    "place": Bilingual("Xã Lạc Dương", "Lạc Dương commune"),
    "items": Bilingual("LD-2026-000123: Ổ gà sâu ngay khúc cua · Đã xử lý", "LD-2026-000123: Deep pothole in the bend · Answered"),
    "digits": Bilingual("482913", "482913"),
    "document": Bilingual("Báo cáo kỳ", "Report of a period"),
    "period": Bilingual("Tháng 3/2026", "March 2026"),
}
"""Sample values of placeholders in a preview, other than codes and the link."""


class TextForm(Form):
    """The texts of one kind, the number of the Zalo template, and the reason; the template's parameters are read by position."""

    subject_vi = StringField()
    subject_en = StringField()
    body_vi = TextAreaField()
    body_en = TextAreaField()
    short_vi = StringField()
    short_en = StringField()
    zns_template = StringField(_l("Number of the template at Zalo"))
    zns_parameters = HiddenField(_l("Parameters at Zalo"))
    reason = StringField(_l("Reason of the change"))


@dataclass(frozen=True, slots=True)
class MessagePreview:
    """A message by channel in one language with sample values; empty where a placeholder is wrong."""

    language: str
    subject: str
    body: str
    short: str
    sms: str
    segments: int
    is_wide: bool
    parameters: list[tuple[str, str, int]]


@bp.route("/settings/texts", methods=["GET", "POST"])
@performs(Action.CHANGE_SETTINGS)
def texts() -> ResponseReturnValue:
    """The list of all kinds, or one of them, in the scope named by the address."""
    scopes = scopes_of_reader()
    scope = found(scopes.get(request.args.get("of") or next(iter(scopes), "")))
    held = texts_in_force(scope.centre_id, calendar_of(scope.centre_id).day_of(now()))
    if "text" not in request.args:
        if request.method == "POST":
            return _list(scope, scopes, held), 422
        return _list(scope, scopes, held)
    kind, row = found(KINDS.get(request.args["text"])), found(held.get(request.args["text"]))
    return _change(scope, kind, row) if request.method == "POST" else _page(scope, kind, row, _form(words_of(row)), words_of(row))


@dataclass(frozen=True, slots=True)
class TextScope:
    """The owner of texts: a centre, or the installation."""

    key: str
    name: Bilingual
    centre_id: int | None
    prefix: str


def scopes_of_reader() -> dict[str, TextScope]:
    """The scopes whose texts the person may set, by the key in the address: all of the installation, else their centres."""
    by = actor()
    rows = db.session.scalars(select(Centre).where(Centre.valid_to.is_(None)).order_by(Centre.id).limit(MOST_CENTRES))
    centres = [row for row in rows if by.holds([Role.ADMINISTRATOR], centre_id=row.id)]
    scopes = {row.code_prefix: TextScope(row.code_prefix, row.name, row.id, row.code_prefix) for row in centres}
    if any(grant.role == Role.ADMINISTRATOR and grant.centre_id is None for grant in by.grants):
        prefix = next(iter(scopes), "LD")
        scopes = {INSTALLATION: TextScope(INSTALLATION, Bilingual("Toàn hệ thống", "The whole installation"), None, prefix), **scopes}
    if not scopes:
        raise NotAllowed
    return scopes


def _change(scope: TextScope, kind: Kind, row: TextTemplate) -> ResponseReturnValue:
    form, act = TextForm(), request.form.get("act")
    words = _sent_words(form, kind)
    if not form.validate_on_submit() or act not in ("preview", "save", "restore"):
        return _page(scope, kind, row, form, words), 422
    if act == "preview":
        return _page(scope, kind, row, form, words, faults=faults_of(kind, words, samples_for(scope)))
    reason = form.reason.data or ""
    try:
        with unit_of_work():
            lock_before_reading()
            refuse_changed(_stands(texts_in_force(scope.centre_id, calendar_of(scope.centre_id).day_of(now()))[kind.key]))
            if act == "save":
                change_text(kind.key, words, centre_id=scope.centre_id, by=actor(), now=now(), reason=reason, samples=samples_for(scope))
            else:
                restore_text(kind.key, centre_id=scope.centre_id, by=actor(), now=now(), reason=reason)
    except TextRefused as refusal:
        return _page(scope, kind, row, form, words, faults=refusal.faults, refusal=form.refuse(refusal)), 422
    except CaseworkError as refusal:
        return _page(scope, kind, row, form, words, refusal=form.refuse(refusal)), 422
    flash(_("The words are changed and hold from the next message on.") if act == "save" else _("The standard words hold again."))
    return redirect(url_for(".texts", of=scope.key, text=kind.key))


def _sent_words(form: TextForm, kind: Kind) -> TemplateWords:
    texts_sent = {name: (form[name].data or "").replace("\r\n", "\n").strip() for name in FIELDS}
    given = {place: request.form.get(f"{ZNS_PREFIX}{place}", "").strip() for place in kind.places}
    parameters = {name: place for place, name in given.items() if name}
    short = {name: texts_sent[name] or None for name in ("short_vi", "short_en")}
    named: dict[str, Any] = {**texts_sent, **short}
    return TemplateWords(**named, zns_template=(form.zns_template.data or "").strip() or None, zns_parameters=parameters or None)


def _form(words: TemplateWords) -> TextForm:
    return TextForm(**{name: getattr(words, name) for name in (*FIELDS, "zns_template")})


def samples_for(scope: TextScope) -> dict[str, dict[str, str]]:
    """Sample values for every placeholder, by language."""
    code, other = f"{scope.prefix}-2026-000123", f"{scope.prefix}-2026-000087"
    link = on_the_web(url_for("tracking.own", code=code))
    same = {"code": code, "main": other, "former": other, "report": code, "codes": f"{code}, {other}", LINK: link}
    named = {**PLACE_LABELS, **SAMPLES}
    return {language: {place: words.in_language(language) for place, words in named.items()} | same for language in LANGUAGES}


def previews_of(words: TemplateWords, samples: Mapping[str, Mapping[str, str]]) -> list[MessagePreview]:
    """How the words read by each way."""
    return [_preview(words, language, samples[language]) for language in LANGUAGES]


def _preview(words: TemplateWords, language: str, values: Mapping[str, str]) -> MessagePreview:
    subject = fill(getattr(words, f"subject_{language}"), values)
    line = getattr(words, f"short_{language}") or getattr(words, f"subject_{language}")
    short, sms = " ".join(fill(line, {**values, LINK: ""}).split()), sms_of(line, values)
    return MessagePreview(
        language=language,
        subject=subject,
        body=fill(getattr(words, f"body_{language}"), values),
        short=short,
        sms=sms,
        segments=sms_segments(sms),
        is_wide=any(character not in GSM and character not in GSM_OF_TWO for character in sms),
        parameters=[(name, values.get(place, ""), longest_parameter(place)) for name, place in (words.zns_parameters or {}).items()],
    )


def _stands(row: TextTemplate) -> dict[str, Any]:
    """The values shown by the form of a kind, without the Zalo parameters."""
    shown = asdict(words_of(row))
    return {name: text for name, text in shown.items() if name != "zns_parameters"}


def _list(scope: TextScope, scopes: Mapping[str, TextScope], held: Mapping[str, TextTemplate]) -> str:
    groups = [
        (AUDIENCE_LABELS[audience], [(kind, held[kind.key]) for kind in KINDS.values() if kind.audience is audience and kind.key in held])
        for audience in Audience
    ]
    return render_template("settings/texts.html", scope=scope, scopes=list(scopes.values()), groups=groups)


def _page(
    scope: TextScope,
    kind: Kind,
    row: TextTemplate,
    form: TextForm,
    words: TemplateWords,
    *,
    faults: Mapping[str, Bilingual] | None = None,
    refusal: str = "",
) -> str:
    for name in FIELDS:
        part, _underline, language = name.partition("_")
        form[name].label.text = f"{PART_LABELS[part]}, {local(LANGUAGE_LABELS[language])}"
    for name, fault in (faults or {}).items():
        form[name].errors = [local(fault)]
    is_own = row.centre_id == scope.centre_id
    return render_template(
        "settings/text.html",
        scope=scope,
        kind=kind,
        audience=AUDIENCE_LABELS[kind.audience],
        places=[(place, PLACE_LABELS[place]) for place in kind.places],
        form=form,
        refusal=refusal,
        names={place: name for name, place in (words.zns_parameters or {}).items()},
        prefix=ZNS_PREFIX,
        previews=previews_of(words, {name: with_places_of(kind, values) for name, values in samples_for(scope).items()}),
        languages=LANGUAGE_LABELS,
        limits=LONGEST,
        most_segments=MOST_SMS_SEGMENTS,
        longest_zns=LONGEST_ZNS,
        shown_of_push=SHOWN_OF_PUSH,
        since=row.valid_from,
        is_own=is_own,
        seen=mark_for_form(_stands(row)),
        can_restore=is_own and (scope.centre_id is not None or words_of(row) != shipped_words(kind.key)),
    )
