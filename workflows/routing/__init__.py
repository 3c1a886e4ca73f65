"""The decision table that suggests agencies."""
