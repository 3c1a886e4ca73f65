"""What is sealed, what older releases left in clear, and the reasons given for looking at it."""
