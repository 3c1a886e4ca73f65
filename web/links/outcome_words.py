"""How an answer by a one-time link says what came of the matter: in its form, and on the page of the case."""

from flask_babel import lazy_gettext as _l

from casework.doors.links.answering import DONE, LONGER, NOT_OURS

OUTCOME_WORDS = {DONE: _l("The work is done"), LONGER: _l("It takes longer"), NOT_OURS: _l("It is not for us")}
