"""Recurrences, one cell a file."""
