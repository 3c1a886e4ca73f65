"""Reports written down by staff: of a caller or visitor, and of what a camera showed."""
