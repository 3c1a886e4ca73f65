"""What waits for whom: inboxes, teams, the late list, digests, assigning a step."""
