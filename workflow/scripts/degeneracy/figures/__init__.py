"""Figures, a kind of plug-in: one a file. The docstring of the file is the caption.

A file defines `draw` or declares a SHAPE, from which `drawing/grid.py` draws it. Keyword-only arguments of `draw` are
options. Constants are literals.
"""

from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn

    from degeneracy.drawing.sweeps import ExperimentArtifacts, SweepArtifacts


class Selection(Protocol):
    """Constants of every figure's file: the sweeps that it is for. Each may be left out."""

    FACTORS: tuple[str, ...]
    """Factors, such as "model.gamma", or "complexity" for those in COMPLEXITY of the task; left out: any."""

    TASKS: tuple[str, ...]
    """Tasks; left out: any."""

    LEAST_LEVELS: int
    """Levels that a sweep has at least."""

    SNAPSHOTS: bool
    """Whether it is for conditions with `training.snapshots` alone."""

    REQUIRES: tuple[str, ...]
    """What must hold between its options and those of a condition, such as "trial < trials.probe"."""


class Figure(Selection, Protocol):
    """A figure that draws itself. It must declare READS."""

    SCOPE: Literal["sweep", "metric", "map", "experiment"]
    """Drawn for each sweep (left out: this), for each metric or map of a sweep, or once for the experiment."""

    READS: tuple[Literal["networks", "trials", "fixed_points", "metrics", "statistics", "map", "directions"], ...]
    """Kinds of artifacts that it gets."""

    METRICS: tuple[str, ...]
    """Metrics whose artifacts it gets; it is drawn if there is one of them. A figure of a sweep or the experiment that
    reads "metrics" and leaves this out gets all that are no variants, if two or more are of pairs.
    """

    ONE_A_TASK: bool
    """Whether it gets of each task the first condition of the first sweep alone, and of that the first block."""

    @staticmethod
    def draw(shown: "SweepArtifacts | ExperimentArtifacts", **options: Any) -> "Drawn":
        """The Matplotlib figure of a sweep, or, with the scope "experiment", of all sweeps that it is for."""


class ShapedFigure(Selection, Protocol):
    """A figure that consists of panels of one shape; SCOPE, READS and METRICS follow."""

    SHAPE: Literal["grid", "curves"]
    """Panels of levels, or curves with bands for many levels."""

    COLUMNS: tuple[str, ...]
    """What the columns show: an aspect, `metric.measure`, or "map"."""
