"""People of a centre as its own directory adds, changes and closes them (SCIM): which it may know of, and what it may do to them."""
