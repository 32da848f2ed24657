"""Metrics, a kind of plug-in: of a network or of a pair of networks, one a file.

A file defines the functions of NetworkMetric or those of PairMetric. Keyword-only arguments are options; a file may
instead import a dataclass `Options` from a helper and take `options: Options`. Constants are literals.
"""

from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np

    from degeneracy.networks.population import Population


class Metric(Protocol):
    """Constants of a metric's file. It must declare LEVEL and MEASURES."""

    LEVEL: Literal["behaviour", "dynamics", "weights", "learning", "representation"]
    """The aspect of a network that it measures."""

    MEASURES: dict[str, tuple[str, str]]
    """Name and unit of each result that is summarised; "value" or "distance" is one of them."""

    HEADLINE: str
    """The measure that stands for the aspect wherever one is shown. At most one metric an aspect has it."""

    VARIANT_OF: str
    """The metric that it is a variant of: the same question with another answer, which must have the same sign."""

    RANGE: dict[str, tuple[float | None, float | None]]
    """Lowest and highest value of measures that have one; intervals stay within."""

    SYMMETRY: Literal["permutation", "signed", "rotation"]
    """What the metric does not see: the order of units (left out: this), their signs, or any rotation of states."""

    USES: tuple[Literal["fixed_points"], ...]
    """Artifacts that it needs besides networks and trials."""

    NEEDS: tuple[
        Literal["weights", "readout", "untrained", "inputs", "targets", "ood", "replicate", "equations", "free_run"],
        ...,
    ]
    """What it needs that networks which were not trained here may lack; `inputs` are those of the probe trials.
    `free_run` leaves out each task whose networks cannot go on by themselves.
    """

    REQUIRES: tuple[str, ...]
    """What must hold between its options and those of a condition (`trials.probe`), such as
    "rank <= delays * state_size". A comparison with an option that a task does not have says nothing.
    """

    ONE_MATRIX: bool
    """Whether it needs a cell with one recurrent matrix."""

    GPU: bool
    """Whether its jobs ask for a GPU."""


class NetworkMetric(Metric, Protocol):
    """A metric of a network."""

    AMONG_OTHERS: bool
    """Whether the value of a network depends on the other networks of its population."""

    @staticmethod
    def value(population: "Population", **options: Any) -> "np.ndarray | dict[str, np.ndarray]":
        """The measure of each network (network), or several results by name, "value" among them."""


class PairMetric(Metric, Protocol):
    """A metric of a pair of networks, symmetric in them."""

    NO_TRIALS: bool
    """Whether its features depend on no trials, so that a network is at distance 0 from itself by construction."""

    SAME_TRIALS: bool
    """Whether it compares two networks trial by trial, so that both must see the same trials."""

    ACROSS_CONDITIONS: bool
    """Whether it compares networks of different conditions, too; it can then be one of `maps`."""

    @staticmethod
    def features(population: "Population", **options: Any) -> "dict[str, np.ndarray]":
        """What `distance` compares, of each network (network, …); not finite for a network without it."""

    @staticmethod
    def distance(
        a: "dict[str, np.ndarray]", b: "dict[str, np.ndarray]", **options: Any
    ) -> "np.ndarray | dict[str, np.ndarray]":
        """Distance of each pair (pair) from the features (pair, …) of its two networks, or several results by name.

        A function with an argument `device` ("cpu" or "cuda") is told where to compute. One with an argument
        `population` is given that of the networks, for what all pairs share: their cell, and trials that are no
        features.
        """
