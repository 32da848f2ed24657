"""Metrics, a kind of plug-in: of a network or of a pair of networks, one a file."""
