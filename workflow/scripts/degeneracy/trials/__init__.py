"""Trials, a stage: the inputs, targets and loss mask that a task generates, and how complex they are."""
