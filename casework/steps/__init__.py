"""Fields and drafts of the steps people do."""
