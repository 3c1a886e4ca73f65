"""The field desk: an officer's cases on a telephone, also where there is no signal."""
