"""The exportable lists and their filters. Imports nothing, since every start of a command reads it."""

PARAMETERS: dict[str, tuple[str, ...]] = {
    "cases": ("q", "state", "field", "area", "year"),
    "inbox": ("q", "view", "state", "field", "area", "urgency", "agency", "source", "due", "waits", "holder", "whose"),
    "late": ("agency", "source"),
    "letters": ("shelf", "kind", "year"),
    "register": ("book",),
    "figures": ("period", "by", "of", "rows", "columns", "figure", "table", "trend", "snapshot"),
    "counted": (
        "of",
        "period",
        "figure",
        "by",
        "subject",
        "part",
        "beside",
        "beside_subject",
        "what",
        "agency",
        "area",
        "village",
        "day",
    ),
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
"""The parameters a list takes from its page's address; others are ignored."""

NEEDED: dict[str, tuple[str, ...]] = {
    "register": ("book",), "affected": ("breach",), "figures": ("period", "snapshot"), "counted": ("figure", "what"),
}  # fmt: skip
"""Lists that need a filter, and the filters of which one must be given."""

LISTS = tuple(kind for kind in PARAMETERS if kind not in ("inbox", "outputs"))
"""The lists of the command `langbiang export`; an inbox and the list of one's own files belong to a person and are not among them."""
