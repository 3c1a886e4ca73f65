"""Template filters: the reader's language, local times, limits, telephone numbers."""

from datetime import date, datetime

from flask import Flask

from casework.intake.telephones import as_dialled
from casework.local_time import LOCAL_ZONE, last_day, local_day
from casework.models import Clock
from casework.public.limits import PublicLimit
from web.clock import now
from web.due_words import DueWords, day_words, due_words, limit_words, short_limit_words
from web.forms import said_with
from web.locales import in_reader_language, language
from web.reorganising.former_names import former_agency_name, former_place_name
from web.typed_in import typed_in


def install(app: Flask) -> None:
    app.jinja_env.filters.update(
        local=in_reader_language,
        mid_sentence=mid_sentence,
        datetime=local_datetime,
        date=local_date,
        short_date=short_date,
        due=due,
        due_day=due_day,
        due_day_short=due_day_short,
        last_day=last_day_words,
        phone=as_dialled,
        percent=percent,
        typed=typed_in,
    )
    app.jinja_env.globals.update(former_place_name=former_place_name, former_agency_name=former_agency_name, said_with=said_with)


def mid_sentence(name: str) -> str:
    """A place name within a sentence: "xã Đạ Chais" in Vietnamese; English names keep their capital."""
    return name if language() == "en" else name[:1].lower() + name[1:]


def local_datetime(instant: datetime | None) -> str:
    """15:30 02/03/2026, local time; empty for None."""
    return f"{instant.astimezone(LOCAL_ZONE):%H:%M %d/%m/%Y}" if instant else ""


def local_date(moment: date | datetime | None) -> str:
    """02/03/2026: a day as it is, an instant on its local day; empty for None."""
    if moment is None:
        return ""
    return day_words(local_day(moment) if isinstance(moment, datetime) else moment)


def short_date(moment: date | datetime | None) -> str:
    """02/03 of this year, as rows of lists show a day; with the year of another one."""
    words = local_date(moment)
    return words[:5] if words.endswith(f"/{local_day(now()).year}") else words


def decimal(number: float) -> str:
    """A number with at most one decimal: 2,5."""
    text = f"{number:.1f}".removesuffix(".0")
    return text if language() == "en" else text.replace(".", ",")


def percent(number: float | None) -> str:
    """92,5 %; whole numbers without a decimal, empty for None. Every share is written this way."""
    return "" if number is None else f"{decimal(number)} %"


def due(limit: Clock | PublicLimit | datetime | None) -> DueWords | None:
    """The due chip of a limit now; None when there is no limit."""
    return due_words(limit, now=now())


def due_day(limit: Clock | datetime | None) -> str:
    """The end of a limit: a day alone when the whole day is in time, else with the hour; empty when there is none."""
    due_at = limit.due_at if isinstance(limit, Clock) else limit
    return limit_words(due_at) if due_at else ""


def due_day_short(due_at: datetime) -> str:
    """The end of a limit as rows of lists show it."""
    return short_limit_words(due_at, now=now())


def last_day_words(due_at: datetime | None) -> str:
    """The last local day in time; empty for None."""
    return day_words(last_day(due_at)) if due_at else ""
