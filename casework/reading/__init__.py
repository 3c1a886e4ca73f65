"""How rows are read: several numbers together, nothing of what a case lacks, and once for as long as the rules stay the same."""
