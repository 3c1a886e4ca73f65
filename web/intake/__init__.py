"""Reports that members of staff write down: of a caller or visitor, and of what a camera showed."""
