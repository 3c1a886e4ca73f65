"""Messages on their way out of the house, against servers in processes of their own (tests/outside)."""
