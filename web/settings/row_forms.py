"""Builds the form of a row of rules from the columns of its kind, and shows the rules' refusals in it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from casework.local_time import local_day
from casework.models import Centre
from casework.permissions import Actor
from casework.settings.importing.columns import Column, Scope, as_typed
from casework.settings.importing.rows import Faults, RuleKind, version_of
from casework.settings.scopes import administered_centres, centres_of
from web.forms import Form
from web.locales import in_reader_language as local

INSTALLATION = "all"


class RowForm(Form):
    """Fields of every change of a row in addition to its columns."""

    from_day = DateField(_l("Applies from"), validators=[Optional()])
    reason = StringField(_l("Reason for the change"))
    seen = HiddenField()


class EndForm(Form):
    """The first day on which a row no longer holds."""

    end_day = DateField(_l("Holds until before"), validators=[Optional()])
    end_reason = StringField(_l("Reason for ending it"))
    seen = HiddenField()


def scopes_of(by: Actor, kind: RuleKind, *, now: datetime) -> list[tuple[str, str]]:
    """The scopes the person may add a row for: first the whole installation, if it is theirs."""
    whole = [(INSTALLATION, str(_("The whole installation")))] if kind.for_installation and administered_centres(by) is None else []
    return whole + [(centre.ref, local(centre.name)) for centre in centres_of(by, on=local_day(now))]


def new_form(kind: RuleKind, scope: Scope, chosen: str, like: Any = None) -> Any:
    """An empty form for the chosen scope, or one filled in from another row."""
    return _made(kind, scope, {"centre": HiddenField()}, like, from_day=scope.day, is_new=True, centre=chosen)


def begin_with(kind: RuleKind, form: Any, given: Mapping[str, str]) -> None:
    """Fill an empty form with the values an address names for columns of its kind."""
    for column in kind.columns:
        if column.name in given and column.name in form:
            form[column.name].data = given[column.name]


def change_form(kind: RuleKind, row: Any, today: date) -> Any:
    """The form of a row as it stands."""
    day = max(row.valid_from, today)
    more: dict[str, Any] = {}
    if row.valid_from < today and any(column.is_words and not column.is_fixed for column in kind.columns):
        more["is_slip"] = BooleanField(
            _l("Only a slip in the words"), description=_l("Corrected where it stands, without a new day; nothing but words may differ.")
        )
    begun = {column.name: getattr(row, column.name) for column in kind.columns if column.is_fixed}
    return _made(kind, Scope(row.centre_id, day, row, begun=begun), more, row, from_day=day, seen=version_of(kind, row))


def typed_in(kind: RuleKind, form: Any) -> dict[str, str]:
    """What the columns of a form hold, as it was sent."""
    found = {}
    for column in kind.columns:
        if column.name in form:
            data = form[column.name].data
            found[column.name] = ("yes" if data else "") if isinstance(data, bool) else data or ""
    return found


def show_faults(form: Any, faults: Faults, *, renamed: dict[str, str] | None = None) -> str:
    """Put each fault at its field; returns faults without a field as one sentence."""
    without_field = []
    for name, fault in faults.items():
        own = (renamed or {}).get(name, name)
        if own in form:
            form[own].errors = [local(fault)]
        else:
            without_field.append(local(fault))
    return " ".join(without_field)


def centre_called(ref: str, by: Actor, *, now: datetime) -> Centre | None:
    """The chosen centre, if it is the person's."""
    return next((centre for centre in centres_of(by, on=local_day(now)) if centre.ref == ref), None)


def _made(kind: RuleKind, scope: Scope, more: dict[str, Any], row: Any, *, is_new: bool = False, **data: Any) -> Any:
    columns = [column for column in kind.columns if is_new or not column.is_fixed]
    made = type("RowForm", (RowForm,), {**more, **{column.name: _field(column, scope) for column in columns}})
    data |= {column.name: True for column in columns if column.begins_ticked and row is None}
    for column in columns if row is not None else ():
        kept = getattr(row, column.name)
        data[column.name] = kept if column.shape == "tick" else _shown(column, kept, scope)
    return made(data=data)


def _shown(column: Column, kept: Any, scope: Scope) -> str:
    """The value for the field; a code in a column that also allows free text is shown in words."""
    typed = as_typed(column, kept, scope)
    return local(column.codes[typed]) if column.choices is None and typed in column.codes else typed


def _field(column: Column, scope: Scope) -> Any:
    label, hint = local(column.label), local(column.hint)
    if column.shape == "tick":
        return BooleanField(label, description=hint)
    if column.choices is not None:
        choices = [SelectChoice(choice.typed, local(choice.words)) for choice in column.choices(scope)]
        return SelectField(label, choices=choices, validate_choice=False, description=hint)
    return (TextAreaField if column.shape == "long" else StringField)(label, description=hint)
