"""Running instances: started, stepped to rest, heard, woken, and written with the rows the inbox reads."""
