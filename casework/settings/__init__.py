"""Everything an administrator changes in a page. Each change is an event of the stream of the rules."""
