"""Parts of a case that another body answers for itself: split off, waited for, and told with the case they belong to."""
