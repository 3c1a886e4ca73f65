"""Pages of the Official Account at Zalo."""
