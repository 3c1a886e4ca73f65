"""Moving running cases to another version of their model: where each token goes, and the move itself."""
