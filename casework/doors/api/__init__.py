"""What a service account reads and does by the API: within what the same viewer sees on a page, by the same use cases."""
