"""Drawing, a stage: runs figures, and holds the toolkit of their authors."""
