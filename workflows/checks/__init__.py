"""Whether a model or a decision table may run: every check there is, from the bytes of a file to the states it can reach."""
