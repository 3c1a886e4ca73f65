"""What reporters read of their own reports: the list, the conversation, what is new and what comes next."""
