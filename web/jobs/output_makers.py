"""Imports every module that makes a kind of output, which fills web.outputs.making.MAKERS."""

from web.outputs import behind_lists, case_list, data_lists, figure_tables, freezing, paper_lists, setting_list, work_lists  # noqa: F401
from web.reporting import makers  # noqa: F401
