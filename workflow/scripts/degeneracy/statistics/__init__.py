"""Statistics, a stage: degeneracy of populations, its intervals, and its trend along a factor."""
