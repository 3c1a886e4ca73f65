"""What makes a case rest or end before its answer: questions, holds, referrals, withdrawals, and what the reporter adds."""
