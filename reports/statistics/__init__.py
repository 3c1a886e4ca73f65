"""The figures of a period, counted from facts (casework/facts): their definitions, counting, the lists behind them, frozen snapshots."""
