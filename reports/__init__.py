"""Printed documents and statistics: dataclasses in, bytes out. No request, no engine; no other package imports WeasyPrint."""
