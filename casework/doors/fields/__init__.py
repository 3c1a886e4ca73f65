"""What is told of each thing, field by field, once: name, bounds, words in both languages, who sees it, and since which version."""
