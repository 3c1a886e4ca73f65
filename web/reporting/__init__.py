"""Case files, reports of a period, agency sheets and yearbooks: ordered, made in the background, previewed, written, by command."""
