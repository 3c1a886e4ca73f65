"""What is made in the background and fetched later: the job that makes it, the lists that can be exported, and the page of one's orders."""
