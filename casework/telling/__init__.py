"""What happened to a case in sentences, for staff, for the public and for its reporter."""
