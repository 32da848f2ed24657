"""What a configuration asks for: sweeps of conditions, blocks of seeds, metrics, maps and figures."""

from dataclasses import dataclass

from degeneracy.experiment.condition import Condition, dumps, level_of
from degeneracy.plugins.discovery import Plugin

FILES = "files"  # the block of networks that come from files


@dataclass(frozen=True)
class Sweep:
    """A task, a factor (`task.channels`), its levels and the condition of each level."""

    name: str
    task: str
    factor: str
    conditions: tuple[Condition, ...]

    @property
    def levels_json(self) -> str:
        """The levels in their order."""
        return dumps([level_of(condition.spec, self.factor) for condition in self.conditions])

    @property
    def specs_json(self) -> str:
        """Its conditions in their order."""
        return dumps([condition.spec for condition in self.conditions])


@dataclass(frozen=True)
class Experiment:
    """Everything a configuration asks for."""

    sweeps: dict[str, Sweep]
    blocks: dict[str, range]  # name: seeds
    metrics: dict[str, dict[str, dict]]  # task: name: options
    variants: dict[str, str]  # name: metric, of the names that are no metric's own
    maps: tuple[str, ...]
    left_out: frozenset[tuple[str, Condition]]  # metrics that cannot be computed in a condition
    figures: dict[str, dict]  # figure: options
    figures_named: frozenset[str]  # those that the configuration asks for by name
    fixed_points: dict
    statistics: dict
    notes: tuple[str, ...]  # sentences about what is left out

    def plugin(self, name: str) -> Plugin:
        """The metric that a name stands for, which is its own or that of a variant."""
        return Plugin("metrics", self.variants.get(name, name))

    def metrics_of(self, *conditions: Condition) -> dict[str, dict]:
        """Metrics that are computed in all of some conditions of a task, and their options."""
        out = {name for name, condition in self.left_out if condition in conditions}
        return {name: options for name, options in self.metrics[conditions[0].task].items() if name not in out}

    def blocks_of(self, condition: Condition) -> dict[str, range]:
        """Blocks of networks of a condition by name; those that come from files are one block."""
        return {FILES: range(len(condition.files))} if condition.files else self.blocks

    @property
    def conditions(self) -> list[Condition]:
        """Each condition once, whichever sweeps share it."""
        return list({condition: None for sweep in self.sweeps.values() for condition in sweep.conditions})
