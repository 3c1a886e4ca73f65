"""Second factors of staff: which there are, who needs one, how each is added, proven and taken away."""
