"""Rules that are rows (fields, limits, reasons, phrases …): which kinds there are and what a row holds."""
