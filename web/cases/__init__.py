"""The page of a case for staff, with its notes, versions of texts and search."""
