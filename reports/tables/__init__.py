"""Tables as files for other programs: workbooks, CSV and JSON, written row by row, with no cell that could be a formula."""
