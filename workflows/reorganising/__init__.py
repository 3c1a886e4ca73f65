"""Reorganisations carried out case by case, previewed and undone."""
