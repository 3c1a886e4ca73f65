"""Voice notes and videos sent with reports."""
