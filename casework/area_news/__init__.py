"""Following an area without an account: what becomes public in a commune, a circle or a field is told at once, daily or weekly."""
