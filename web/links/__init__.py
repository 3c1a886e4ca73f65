"""One-time links: the page a body outside reads and answers, and the page from which the centre reads a link out or revokes it."""
