"""The forms of a reorganisation plan: its description, its lines with the bodies they create, and the confirmations for doing and undoing
it."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, Field, HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from casework.models import Area, Reorganisation
from casework.permissions import Role
from casework.reorganising.blueprint import Body, BodyKind
from casework.reorganising.choices import people_for, places_for, predecessors_for, successors_for
from casework.reorganising.plans import LONGEST_SOURCE, LONGEST_TITLE
from casework.setting_events import LONGEST_REASON
from casework.settings.role_labels import ROLE_WORDS
from web.forms import NOTHING, Form
from web.locales import in_reader_language as local
from web.task_page import at_most

NEW = "new"
"""The successor option for a body created by the line."""

LEVELS = {"commune": _l("Commune or ward"), "village": _l("Village or quarter"), "district": _l("District"), "province": _l("Province")}


class PlanForm(Form):
    """The plan's name, the legal act ordering it, and its day."""

    title = StringField(_l("Title"), validators=[at_most(LONGEST_TITLE)])
    source = StringField(_l("Act that orders it, with number and day"), validators=[at_most(LONGEST_SOURCE)])
    on = DateField(_l("Holds from"), validators=[InputRequired(_l("Please choose the day."))])
    centre = SelectField(_l("Whose bodies"), validate_choice=False, default=NOTHING)


class LineForm(Form):
    """Predecessor, successor, and the place in the succession."""

    kind = HiddenField()
    predecessor = SelectField(_l("Who ends"), validate_choice=False, default=NOTHING)
    successor = SelectField(_l("Who follows"), validate_choice=False, default=NOTHING)
    name_vi = StringField(_l("New: name in Vietnamese"), validators=[at_most(LONGEST_TITLE)])
    name_en = StringField(_l("New: name in English"), validators=[at_most(LONGEST_TITLE)])
    by_area = SelectField(
        _l("Takes the cases of"), validate_choice=False, default=NOTHING, description=_l("Where one is followed by several, by place.")
    )
    is_main = BooleanField(_l("Main successor: takes what no place decides, and the people"))

    @property
    def own(self) -> list[Field]:
        """The fields specific to a new body of this kind."""
        return []

    def values(self, areas: dict[str, Any], agencies: dict[str, Any]) -> dict[str, Any]:
        """The columns of a new body; `areas` and `agencies` are rows by their refs."""
        return {"name_vi": self.name_vi.data or "", "name_en": self.name_en.data or ""}


class AreaForm(LineForm):
    """A line about an area."""

    level = SelectField(_l("New: level"), choices=[SelectChoice(key, words) for key, words in LEVELS.items()], default="commune")
    official_code = StringField(_l("New: official code"), validators=[at_most(10)])
    parent = SelectField(_l("New: lies in"), validate_choice=False, default=NOTHING)

    @property
    def own(self) -> list[Field]:
        return [self.level, self.official_code, self.parent]

    def values(self, areas: dict[str, Any], agencies: dict[str, Any]) -> dict[str, Any]:
        parent = areas.get(self.parent.data or "")
        return super().values(areas, agencies) | {
            "level": self.level.data, "official_code": self.official_code.data or None, "parent_id": parent.id if parent else None,
        }  # fmt: skip


class AgencyForm(LineForm):
    """A line about an agency."""

    key = StringField(_l("New: key"), validators=[at_most(40)], description=_l("Capital letters, digits and hyphens, such as PKT-LD."))
    short_vi = StringField(_l("New: short name in Vietnamese"), validators=[at_most(80)])
    short_en = StringField(_l("New: short name in English"), validators=[at_most(80)])
    area = SelectField(_l("New: works for"), validate_choice=False, default=NOTHING)
    above = SelectField(_l("New: under"), validate_choice=False, default=NOTHING)
    phone = StringField(_l("New: telephone"), validators=[at_most(20)])

    @property
    def own(self) -> list[Field]:
        return [self.key, self.short_vi, self.short_en, self.area, self.above, self.phone]

    def values(self, areas: dict[str, Any], agencies: dict[str, Any]) -> dict[str, Any]:
        area, above = areas.get(self.area.data or ""), agencies.get(self.above.data or "")
        return super().values(areas, agencies) | {
            "key": self.key.data or "", "short_name_vi": self.short_vi.data or None, "short_name_en": self.short_en.data or None,
            "area_id": area.id if area else None, "parent_id": above.id if above else None, "phone": self.phone.data or None,
        }  # fmt: skip


class CentreForm(LineForm):
    """A line about a centre."""

    code_prefix = StringField(_l("New: first part of its codes"), validators=[at_most(6)], description=_l("Two to six capital letters."))
    phone = StringField(_l("New: telephone"), validators=[at_most(20)])

    @property
    def own(self) -> list[Field]:
        return [self.code_prefix, self.phone]

    def values(self, areas: dict[str, Any], agencies: dict[str, Any]) -> dict[str, Any]:
        return super().values(areas, agencies) | {"code_prefix": self.code_prefix.data or "", "phone": self.phone.data or None}


class PersonForm(Form):
    """The destination of somebody who would otherwise follow the main line."""

    kind = HiddenField()
    predecessor = SelectField(_l("Who"), validate_choice=False, default=NOTHING)
    successor = SelectField(_l("Goes to"), validate_choice=False, default=NOTHING)


class DoForm(Form):
    """The confirmation before it is done."""

    reason = StringField(_l("Reason"), validators=[at_most(LONGEST_REASON)])
    typed = StringField(_l("Type the title of the plan to confirm"), validators=[at_most(LONGEST_TITLE)])


class ReasonForm(Form):
    """Why it is undone."""

    reason = StringField(_l("Reason"), validators=[at_most(LONGEST_REASON)])


FORMS: dict[BodyKind, type[LineForm]] = {BodyKind.AREA: AreaForm, BodyKind.AGENCY: AgencyForm, BodyKind.CENTRE: CentreForm}


class PlanChoices:
    """The rows offered by a plan's forms, by ref, read once for all of them."""

    def __init__(self, plan: Reorganisation) -> None:
        self.plan = plan
        self.kinds = [kind for kind in FORMS if kind is not BodyKind.CENTRE or plan.centre_id is None]
        self.before: dict[BodyKind, dict[str, Body]] = {kind: {row.ref: row for row in predecessors_for(plan, kind)} for kind in self.kinds}
        self.behind: dict[BodyKind, dict[str, Body]] = {kind: {row.ref: row for row in successors_for(plan, kind)} for kind in self.kinds}
        self.places: dict[str, Area] = {area.ref: area for area in places_for(plan)}
        self.people = people_for(plan)

    def form(self, kind: BodyKind, **given: Any) -> LineForm:
        """The form of a kind of line, empty unless it was submitted."""
        form = FORMS[kind](prefix=f"{kind}-", **given)
        form.kind.data = kind
        form.predecessor.choices = [(NOTHING, _("Please choose")), *_options(self.before[kind])]
        form.successor.choices = [(NOTHING, _("Nobody: it ends")), (NEW, _("A new one, named below")), *_options(self.behind[kind])]
        form.by_area.choices = [(NOTHING, _("No place of its own")), *_options(self.places)]
        if isinstance(form, AreaForm):
            form.parent.choices = [(NOTHING, _("No area above it")), *_options(self.behind[BodyKind.AREA])]
        if isinstance(form, AgencyForm):
            form.area.choices = [(NOTHING, _("The whole centre")), *_options(self.behind[BodyKind.AREA])]
            form.above.choices = [(NOTHING, _("Nobody")), *_options(self.behind[BodyKind.AGENCY])]
        return form

    def person_form(self, **given: Any) -> PersonForm:
        form = PersonForm(prefix="person-", **given)
        form.kind.data = BodyKind.PERSON
        people = [
            (key, f"{row.account.full_name} · {local(ROLE_WORDS[Role(row.role)])} · {_place(row)}") for key, row in self.people.items()
        ]
        heirs = {ref: row for kind in (BodyKind.AGENCY, BodyKind.CENTRE) if kind in self.behind for ref, row in self.behind[kind].items()}
        form.predecessor.choices = [(NOTHING, _("Please choose")), *people]
        form.successor.choices = [(NOTHING, _("Nowhere: the role ends")), *_options(heirs)]
        return form


def _options(rows: dict[str, Any]) -> list[tuple[str, str]]:
    return [(ref, local(row.name)) for ref, row in rows.items()]


def _place(row: Any) -> str:
    return local(row.agency.name if row.agency is not None else row.centre.name)
