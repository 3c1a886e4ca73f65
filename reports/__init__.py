"""What is printed: dataclasses in, bytes out. No request, no engine; the only package that imports WeasyPrint."""
