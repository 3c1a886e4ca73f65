"""Pages of the steps that wait and of the acts next to them: one form, one use case."""
