"""How a report becomes a case: filed, telephoned or seen on a camera; to which centre it goes; which cases are similar."""
