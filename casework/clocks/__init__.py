"""Time limits: how they run, pause and move, the working calendar, and reminders before and after they end."""
