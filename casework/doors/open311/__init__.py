"""What Open311 shows and takes: centres by their `jurisdiction_id`, their services, and cases as requests."""
