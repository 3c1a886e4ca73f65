"""The first start of an installation: its accounts, rules, areas and texts."""
