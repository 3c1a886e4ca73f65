"""The domain: tables, rules and use cases of citizens' field reports. No web request and no process engine."""
