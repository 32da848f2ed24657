"""Optimisers behind the distances."""
