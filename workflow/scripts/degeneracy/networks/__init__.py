"""Networks, a stage: training the population of a condition, and reading it."""
