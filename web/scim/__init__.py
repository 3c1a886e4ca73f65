"""SCIM 2.0 (RFC 7643, 7644): a centre's own directory adds, changes and closes accounts of its staff. Roles are given here, by people."""
