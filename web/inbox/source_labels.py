"""Short labels for how a case came in."""

from flask_babel import lazy_gettext as _l

SOURCE_LABELS = {
    "citizen": _l("From a citizen"),
    "camera": _l("From a camera"),
    "phone": _l("By telephone"),
    "officer": _l("By a member of staff"),
}
