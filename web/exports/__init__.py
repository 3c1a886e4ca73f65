"""Links from a page to the file of what it shows."""
