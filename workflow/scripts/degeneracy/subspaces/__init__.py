"""Training in random subspaces of the weights, a stage: how few directions suffice to learn a task."""
