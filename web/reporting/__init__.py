"""Case files, reports of a period, agency sheets and yearbooks: ordered, previewed, written."""
