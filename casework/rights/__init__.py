"""What people ask about their own data and the days the law gives for it; breaches, looks and deputies."""
