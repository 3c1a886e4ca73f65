"""The search index: its rows, what stands in them, and the order of what is found."""
