"""Fixed points, a stage: where trained networks stand still at a constant input, and how stable that is."""
