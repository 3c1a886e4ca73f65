"""Former or present names shown to staff after the names of places and agencies that a reorganisation changed."""

from flask import g
from flask_babel import gettext as _

from casework.bilingual import Bilingual
from casework.local_time import local_day
from casework.models import Assignment, Case
from casework.places.former_agencies import agencies_beside
from casework.places.former_areas import OtherName, names_beside
from web.clock import now
from web.locales import in_reader_language


def former_place_name(case: Case) -> str:
    """Follows the commune of a case: " (trước đây: xã Lát)" or " (nay là …)", mostly empty. Queried once per page."""
    if case.area_id is None:
        return ""
    known: dict[int, str] = g.setdefault("places_beside", {})
    if case.id not in known:
        place = (case.area_id, case.village)
        beside = names_beside([place]).get(place, OtherName())
        known[case.id] = _words(OtherName(_within_sentence(beside.formerly), _within_sentence(beside.nowadays)))
    return known[case.id]


def former_agency_name(assignment: Assignment) -> str:
    """Follows the agency of an assignment, in the same way."""
    known: dict[int, dict[int, OtherName]] = g.setdefault("agencies_beside", {})
    case = assignment.case
    if case.id not in known:
        known[case.id] = agencies_beside(case, local_day(now()))
    return _words(known[case.id].get(assignment.id))


def _within_sentence(name: Bilingual | None) -> Bilingual | None:
    """A Vietnamese place name with a small first letter: "xã Đạ Chais". Not for names of bodies, because some are abbreviations."""
    return Bilingual(name.vi[:1].lower() + name.vi[1:], name.en) if name is not None else None


def _words(beside: OtherName | None) -> str:
    if beside is not None and beside.formerly is not None:
        return " ({})".format(_("formerly: %(name)s", name=in_reader_language(beside.formerly)))
    if beside is not None and beside.nowadays is not None:
        return " ({})".format(_("now %(name)s", name=in_reader_language(beside.nowadays)))
    return ""
