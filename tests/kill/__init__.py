"""Twenty people at work while the server is killed again and again: what they were told must be there, exactly once.

    server.py    the real server in a process that says when it is between file and commit (the product knows nothing of it)
    people.py    the twenty, each with browser and journal
    journal.py   what each was told, on the disk before its next act
    killing.py   starts, kills and starts the server again
    checking.py  compares the journals with the database and the files
"""
