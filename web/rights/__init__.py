"""Pages about personal data: requests, breaches, looks, the register of processing."""
