"""What an administrator mends in a running process: a token set elsewhere, a variable corrected, a state restored."""
