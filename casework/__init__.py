"""Domain tables, rules and use cases of citizens' field reports; independent of web requests and of the process engine."""
