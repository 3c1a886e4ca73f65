"""The tables of rules an administrator edits, by name, in the order of the settings page."""

from casework.settings.importing.rows import RuleKind
from casework.settings.kinds.asking import ASKING
from casework.settings.kinds.data import DATA
from casework.settings.kinds.handling import HANDLING
from casework.settings.kinds.process import PROCESS
from casework.settings.kinds.supporting import BESIDE

KINDS: dict[str, RuleKind] = {kind.name: kind for kind in (*HANDLING, *ASKING, *PROCESS, *BESIDE, *DATA)}
