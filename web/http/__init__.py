"""What every request passes: security headers, cookies, compression, static files, the choice of a database replica."""
