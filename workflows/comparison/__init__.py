"""How two versions differ: element by element, in sentences, and row by row of a table."""
