"""The limits in force, in words: the home page's promises are read from the rules that the clocks use."""

from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from flask_babel import ngettext

from casework.clocks.acts import ClockKind, LimitRule, RuleMissing, rule_for
from casework.clocks.complexities import AT_FILING, complexities_of, has_limit
from web.navigation import centre_words


@dataclass(frozen=True)
class Promises:
    """The limits of the default centre: acceptance and answer, ordinary and urgent."""

    accepted: str
    accepted_urgent: str
    answered: str
    answered_urgent: str


def promises(today: date) -> Promises | None:
    """The limits in force on a local day; None while an installation has no rules."""
    centre_id = centre_words().id

    def rule(kind: ClockKind, urgency: str, complexity: str = "ordinary") -> LimitRule:
        return rule_for(kind, centre_id=centre_id, on=today, urgency=urgency, complexity=complexity)

    try:
        rated = [row.key for row in complexities_of(centre_id, today) if has_limit(row.key, centre_id, today)] or [AT_FILING]
        whole = [rule(ClockKind.CASE, "normal", key) for key in rated]
        if len({each.unit for each in whole}) == 1:
            whole.sort(key=lambda each: each.amount)
        shortest, longest = whole[0], whole[-1]
        return Promises(
            accepted=amount_words(rule(ClockKind.ACCEPTANCE, "normal")),
            accepted_urgent=amount_words(rule(ClockKind.ACCEPTANCE, "urgent")),
            answered=amount_words(shortest) if (shortest.amount, shortest.unit) == (longest.amount, longest.unit) else _(
                "%(shortest)s to %(longest)s",
                shortest=amount_words(shortest, alone=shortest.unit != longest.unit),
                longest=amount_words(longest),
            ),
            answered_urgent=amount_words(rule(ClockKind.CASE, "urgent")),
        )
    except RuleMissing:
        return None


def amount_words(rule: LimitRule, *, alone: bool = True) -> str:
    """A limit as people say it: 4 working hours; only the number if it is not `alone`, as the start of a range."""
    if not alone:
        return str(rule.amount)
    match rule.unit:
        case "minutes":
            words = ngettext("%(num)s minute", "%(num)s minutes", rule.amount)
        case "hours":
            words = ngettext("%(num)s hour", "%(num)s hours", rule.amount)
        case "working_hours":
            words = ngettext("%(num)s working hour", "%(num)s working hours", rule.amount)
        case "working_days":
            words = ngettext("%(num)s working day", "%(num)s working days", rule.amount)
        case _:
            words = ngettext("%(num)s day", "%(num)s days", rule.amount)
    return str(words)
