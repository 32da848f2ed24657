"""Figures, a kind of plug-in: one a file."""
