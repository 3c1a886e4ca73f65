"""Jobs that keep the installation in order: batches, processes, files nobody sent, the log of erasures."""
