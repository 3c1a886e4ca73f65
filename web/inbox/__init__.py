"""The inbox of members of staff: views, filters, bulk acts, the late list and teams."""
