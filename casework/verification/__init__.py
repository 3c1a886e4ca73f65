"""Proves that rows, histories, seals, files and search agree; `langbiang verify`."""
