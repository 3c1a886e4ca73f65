"""Imports every module that makes a kind of output, which fills web.outputs.making.MAKERS."""

from web.outputs import (
    administrative_lists,
    behind_lists,
    case_list,
    data_lists,
    figure_tables,
    freezing,
    heat_table,
    paper_lists,
    setting_list,
    work_lists,
)
from web.reporting import makers

WITH_MAKERS = (
    administrative_lists, behind_lists, case_list, data_lists, figure_tables, freezing, heat_table, makers, paper_lists, setting_list,
    work_lists,
)  # fmt: skip
"""The modules that make outputs."""
