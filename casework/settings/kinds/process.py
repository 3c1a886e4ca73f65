"""Settings for elements of the live process that need no new version."""

from collections.abc import Iterator

from casework.bilingual import Bilingual
from casework.models import ElementSetting
from casework.permissions import Role
from casework.setting_values import whole
from casework.settings.choices import UNITS
from casework.settings.elements import ElementFacts, elements_of
from casework.settings.importing.columns import Choice, Column, Scope, line, long_text, of_codes
from casework.settings.importing.row_checks import MOST_OF_UNIT
from casework.settings.importing.rows import Proposal, RuleKind
from casework.settings.role_labels import ROLE_WORDS
from casework.working_time import Unit

LONGEST_HELP = 500
AS_DRAWN = Bilingual("theo sơ đồ", "as the diagram says")
DAILY_UNITS: dict[str, Bilingual] = {
    "": AS_DRAWN,
    **{unit: UNITS[unit] for unit in (Unit.WORKING_HOURS, Unit.HOURS, Unit.WORKING_DAYS)},
}
DAILY_ROLES: dict[str, Bilingual] = {
    "": AS_DRAWN,
    **{role: ROLE_WORDS[role] for role in (Role.OPERATOR, Role.OPS_LEAD, Role.OFFICER, Role.AGENCY_LEADER, Role.COMMITTEE_LEADER)},
}


def elements(scope: Scope) -> list[Choice]:
    """The steps and timers of the live model; a removed one stays a choice of its row."""
    found = [Choice(element, element, facts.label) for element, facts in elements_of(scope.centre_id).items()]
    present = getattr(scope.row, "element", None)
    if present is not None and all(choice.kept != present for choice in found):
        found.append(Choice(present, present, Bilingual(present, present)))
    return found


def roles(scope: Scope) -> list[Choice]:
    """In a form the roles the step can be given to, including the present one; without a step, all that are possible."""
    accepted: set[str | None] = {None, getattr(scope.row, "role", None), *(DAILY_ROLES if scope.begun is None else ())}
    known, element = elements_of(scope.centre_id), (scope.begun or {}).get("element", "")
    for facts in (known[element],) if element in known else known.values():
        accepted.update(facts.roles)
    return [Choice(code, code or None, words) for code, words in DAILY_ROLES.items() if (code or None) in accepted]


def check_element(proposal: Proposal) -> Iterator[tuple[str, Bilingual]]:
    """Something must be set; a limit is whole, within bounds and of an element that takes one; a role is one that can do the step."""
    values = proposal.values
    facts = elements_of(proposal.scope.centre_id).get(values["element"])
    if facts is None:
        yield "element", Bilingual("Quy trình đang áp dụng không có phần này.", "The live process has no such part.")
        return
    if not any(values[name] for name in ("amount", "role", "label_vi", "help_vi")):
        yield "", Bilingual("Chưa đặt gì: mọi thứ theo sơ đồ.", "Nothing is set: everything is as the diagram says.")
    if (values["amount"] is None) != (values["unit"] is None):
        yield "amount", Bilingual("Cần cả thời lượng và đơn vị tính.", "Both length and unit are needed.")
    elif values["amount"] is not None and values["amount"] > (most := MOST_OF_UNIT[Unit(values["unit"])]):
        yield "amount", Bilingual(f"Tối đa {most} với đơn vị này.", f"{most} at most in this unit.")
    elif values["amount"] is not None and not facts.takes_limit:
        yield "amount", Bilingual(
            "Thời hạn của phần này do bảng Thời hạn quy định.", "How long this may take is a rule of the table of time limits."
        )
    if values["role"] is not None and values["role"] not in facts.roles:
        yield "role", _who_can(facts)
    if not facts.is_step and any(values[name] for name in ("label_vi", "help_vi")):
        yield "label_vi", Bilingual("Chỉ bước có người làm mới có tên gọi và hướng dẫn.", "Only steps that people do have a name and help.")


def _who_can(facts: ElementFacts) -> Bilingual:
    words = [ROLE_WORDS[role] for role in facts.roles]
    if not words:
        return Bilingual("Ai làm bước này là theo sơ đồ.", "Who does this step is as the diagram says.")
    vi, en = ", ".join(each.vi for each in words), ", ".join(each.en for each in words)
    return Bilingual(f"Vai trò này không làm được bước này; chỉ: {vi}.", f"That role cannot do this step, only: {en}.")


PROCESS: tuple[RuleKind, ...] = (
    RuleKind(
        "element",
        ElementSetting,
        Bilingual("Thiết đặt hằng ngày của quy trình", "Daily settings of the process"),
        Bilingual("Thiết đặt của một bước", "Setting of a step"),
        Bilingual(
            "Hạn, người làm, tên gọi và hướng dẫn của từng bước, đổi mà không cần bản quy trình mới.",
            "Limit, role, name and help of a step, changed without a new version of the process.",
        ),
        Bilingual(
            "Áp dụng cho bước bắt đầu chờ từ ngày được chọn; bước đang chờ giữ hạn và người làm như lúc bắt đầu.",
            "It counts for steps that begin to wait from that day on; those that wait keep limit and role.",
        ),
        (
            Column("element", Bilingual("Bước", "Step"), line(80), choices=elements, is_fixed=True),
            Column(
                "amount",
                Bilingual("Hạn (hoặc thời gian chờ)", "Limit (or how long it waits)"),
                whole(1, 1_440),
                is_required=False,
                hint=Bilingual("Để trống thì theo sơ đồ.", "Empty: as the diagram says."),
            ),
            Column("unit", Bilingual("Đơn vị tính", "Unit"), line(14), choices=of_codes(DAILY_UNITS), is_required=False, codes=DAILY_UNITS),
            Column(
                "role", Bilingual("Người làm", "Who does it"), line(20),
                choices=roles, is_required=False, codes=DAILY_ROLES,
            ),
            Column("label_vi", Bilingual("Tên gọi tiếng Việt", "Name in Vietnamese"), line(120), is_required=False, is_words=True),
            Column("label_en", Bilingual("Tên gọi tiếng Anh", "Name in English"), line(120), is_required=False, is_words=True),
            Column(
                "help_vi", Bilingual("Hướng dẫn tiếng Việt", "Help in Vietnamese"), long_text(LONGEST_HELP),
                is_required=False, is_words=True, shape="long",
            ),
            Column(
                "help_en", Bilingual("Hướng dẫn tiếng Anh", "Help in English"), long_text(LONGEST_HELP),
                is_required=False, is_words=True, shape="long",
            ),
        ),
        key=("element",),
        order=("element",),
        shown=("element", "amount", "unit", "role", "label_vi"),
        check=check_element,
    ),
)  # fmt: skip
