"""Brings every module that makes a kind of output: importing it fills web.outputs.making.MAKERS."""

from web.outputs import case_list, figure_tables, paper_lists, setting_list, work_lists  # noqa: F401
from web.reporting import makers  # noqa: F401
