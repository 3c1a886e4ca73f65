"""The worker, and the jobs that need the web application."""
