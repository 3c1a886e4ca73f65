"""The numbers the public reads, counted by a job."""
