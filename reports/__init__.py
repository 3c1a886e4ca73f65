"""Printed documents (dataclasses in, bytes out) and statistics. No request, no engine; no other package imports WeasyPrint."""
