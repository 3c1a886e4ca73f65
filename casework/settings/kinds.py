"""The tables of rules an administrator edits, by name, in the order of the page of settings."""

from casework.settings.kinds_beside import BESIDE
from casework.settings.kinds_of_data import DATA
from casework.settings.kinds_of_handling import HANDLING
from casework.settings.kinds_of_process import PROCESS
from casework.settings.rows import Kind

KINDS: dict[str, Kind] = {kind.name: kind for kind in (*HANDLING, *PROCESS, *BESIDE, *DATA)}
