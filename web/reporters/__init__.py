"""Pages of one's own reports: tracked by code or account, with what a reporter may do."""
