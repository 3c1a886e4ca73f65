"""Incidents and the process of a case, for administrators who mend them."""
