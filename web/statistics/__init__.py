"""Pages of the statistics: figures of a period with their snapshots, and the dashboards."""
