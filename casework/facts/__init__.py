"""What is counted of cases, made from their histories: stretches, moments, sums of days (docs/statistics.md)."""
