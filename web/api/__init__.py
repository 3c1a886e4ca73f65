"""The API, version 1: what systems of agencies and of the centre read and do with a key, as JSON, by the same use cases as the pages."""
