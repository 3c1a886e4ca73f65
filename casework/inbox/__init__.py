"""What members of staff keep for their inbox: saved filters and notices."""
