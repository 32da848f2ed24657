"""Fixed points, a stage: the states at which trained networks stand still at a constant input, and their stability."""
