"""Answers by e-mail: fetched from the mailbox, added to their reports, and shown to operators where they are unclear."""
