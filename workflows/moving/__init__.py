"""Moving what runs to another version of its model: where each token goes, and the move of one task tree."""
