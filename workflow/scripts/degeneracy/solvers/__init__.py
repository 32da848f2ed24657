"""Shared code: the optimisers behind the distances, one folder per symmetry group."""
