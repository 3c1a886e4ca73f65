"""The Official Account of a centre at Zalo: its permission, which an administrator gives and the worker keeps alive."""
