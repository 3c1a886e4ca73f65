"""Sign-in of members of staff: second factors, identities of other providers, sign-ins that are half done."""
