"""The public figures, counted by a job."""
