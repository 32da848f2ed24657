"""Trial generators, one task a file."""
