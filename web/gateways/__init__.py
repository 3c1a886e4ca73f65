"""Ways out of the house: e-mail, SMS, Zalo ZNS, Web Push. Each tells what was refused for a while and what for good."""
