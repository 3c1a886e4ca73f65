"""The lists there are and what each is narrowed by. Imports nothing: every start of a command reads it."""

PARAMETERS: dict[str, tuple[str, ...]] = {
    "cases": ("q", "state", "field", "area", "year"),
    "inbox": ("q", "view", "state", "field", "area", "urgency", "agency", "source", "due", "waits", "holder", "whose"),
    "late": ("agency", "source"),
    "letters": ("shelf", "kind", "year"),
    "register": ("book",),
    "figures": ("period", "by", "of", "rows", "columns", "figure", "table", "trend", "snapshot"),
    "counted": ("of", "period", "figure", "by", "subject", "part", "beside", "beside_subject", "what", "agency", "area", "village"),
    "setting_events": ("kind",),
    "processing": ("on",),
    "looks": ("login", "code", "from", "to"),
    "affected": ("breach",),
    "heat": ("from", "to", "version", "field", "agency", "centre"),
    "incidents": (),
    "people": ("q", "state"),
    "messages": ("reason",),
    "outputs": (),
    "schedules": (),
}
"""What a list takes from its page's address; what else stands there is left out."""

NEEDED: dict[str, tuple[str, ...]] = {
    "register": ("book",), "affected": ("breach",), "figures": ("period", "snapshot"), "counted": ("figure", "what"),
}  # fmt: skip
"""What is no list without a filter, and which of its filters it needs one of."""

LISTS = tuple(kind for kind in PARAMETERS if kind not in ("inbox", "outputs"))
"""What the command `langbiang export` takes: an inbox and the list of one's files are somebody's."""
