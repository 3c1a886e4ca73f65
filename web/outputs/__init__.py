"""Files made in the background and fetched later: the job that makes them, the lists that can be exported, the page of one's orders."""
