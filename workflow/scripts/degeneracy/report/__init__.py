"""Report, a stage: the page of an experiment for a reader, and what a study says of each claim of the paper."""
