"""The figures of a period, counted from facts: definitions, counting, the lists of cases they count, frozen snapshots."""
