"""What is counted of cases, derived from their histories: stretches, moments and sums of days (docs/statistics.md)."""
