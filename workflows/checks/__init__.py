"""Whether a model or a decision table may run: every check, from the bytes of a file to the states it can reach."""
