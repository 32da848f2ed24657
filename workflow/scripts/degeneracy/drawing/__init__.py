"""Drawing, a stage: runs figures; and what the authors of figures draw with."""
