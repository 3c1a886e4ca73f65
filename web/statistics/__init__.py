"""Pages of the statistics: a period's figures with their snapshots, and the dashboards."""
