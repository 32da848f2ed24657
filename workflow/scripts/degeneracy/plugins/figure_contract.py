"""What a figure's file declares: which artifacts it reads, and the sweeps that it is for."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from degeneracy.errors import UserError
from degeneracy.plugins.contracts import COMPLEXITY, MAP, declared, headlines
from degeneracy.plugins.discovery import Plugin


@dataclass(frozen=True)
class FigureContract:
    """The constants of a figure's file, in capitals there (see `figures/__init__.py`)."""

    scope: str = "sweep"
    reads: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    least_levels: int = 1
    one_a_task: bool = False
    snapshots: bool = False
    shape: str = ""
    columns: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()

    @property
    def measures(self) -> list[tuple[str, str]]:
        """Metric and measure of its COLUMNS, without the map and without aspects that no metric stands for."""
        pairs = [(name, name.partition(".")) for name in self.columns if "." in name]
        known = headlines() | {name: (metric, measure) for name, (metric, _, measure) in pairs}
        return [known[name] for name in self.columns if name in known]

    @property
    def all_metrics(self) -> bool:
        """Whether it reads metrics and names none: it shows all that are compared with each other."""
        return "metrics" in self.reads and not self.metrics and self.scope in ("sweep", "experiment")

    def is_for(self, sweep) -> bool:
        """Whether a sweep (of `experiment.Experiment`) has the factor, the task and the levels it asks for."""
        complexity = Plugin("tasks", sweep.task).constant("COMPLEXITY", ()) if COMPLEXITY in self.factors else ()
        factors = {*self.factors, *(f"task.{option}" for option in complexity)}
        return (
            (not self.factors or sweep.factor in factors)
            and (not self.tasks or sweep.task in self.tasks)
            and len(sweep.conditions) >= self.least_levels
            and (not self.snapshots or all(one.spec["training"].get("snapshots") for one in sweep.conditions))
        )

    @property
    def wanted(self) -> str:
        """The sweeps it is for, in words."""
        parts = [f" of {' or '.join(given)}" for given in (self.factors, self.tasks) if given]
        levels = f" with {self.least_levels} or more levels" if self.least_levels > 1 else ""
        return f"a sweep{''.join(parts)}{levels}{' with training.snapshots' if self.snapshots else ''}"

    def choose(self, sweeps: Iterable) -> list:
        """The sweeps it is for, in their order; the first of each task where it shows one a task."""
        fitting = [sweep for sweep in sweeps if self.is_for(sweep)]
        if not self.one_a_task:
            return fitting
        first: dict[str, Any] = {}
        for sweep in fitting:
            first.setdefault(sweep.task, sweep)
        return list(first.values())


def figure_contract(name: str) -> FigureContract:
    """What a figure's file declares. Raises UserError with one sentence that names the file and the constant."""
    plugin = Plugin("figures", name)
    constants: dict[str, Any] = {}
    for constant, value in declared(plugin).items():
        constants[constant.lower()] = tuple(value) if isinstance(value, list) else value
    contract = FigureContract(**constants)
    if contract.shape or contract.columns:
        return _shaped(contract, plugin.source)
    if not contract.reads:
        raise UserError(f"{plugin.source}: READS is missing, must be a list such as ('statistics',)")
    if contract.scope != "experiment" and contract.one_a_task:
        raise UserError(f'{plugin.source}: ONE_A_TASK is for figures with SCOPE = "experiment"')
    return contract


def _shaped(contract: FigureContract, path: Path) -> FigureContract:
    """The contract of a figure with a SHAPE: it shows statistics of the experiment, of the metrics in its COLUMNS."""
    if not (contract.shape and contract.columns):
        raise UserError(f"{path}: {'COLUMNS' if contract.shape else 'SHAPE'} is missing; the two go together")
    if contract.scope != FigureContract.scope or contract.reads or contract.metrics:
        raise UserError(f"{path}: SCOPE, READS and METRICS follow from SHAPE and COLUMNS; leave them out")
    metrics = tuple(dict.fromkeys(metric for metric, _ in contract.measures))
    reads = ("statistics", "directions", *([MAP] if MAP in contract.columns else []))
    return replace(contract, scope="experiment", reads=reads, metrics=metrics)
