"""What is asked beyond the words of a report where a field of work was chosen, and what was answered."""
