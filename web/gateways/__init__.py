"""Ways out: e-mail, SMS, Zalo ZNS, Web Push. Each distinguishes a refusal for a while from one for good."""
