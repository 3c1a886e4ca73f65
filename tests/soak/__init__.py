"""The long runs behind `bin/soak`: each with a seed, each going on where it was stopped, each with its result as JSON."""
