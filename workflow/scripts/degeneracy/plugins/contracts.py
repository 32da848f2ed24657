"""What the file of a figure says of it: its scope, what it reads, and the sweeps it is for.

Read from the source without importing it, so the workflow knows its targets without matplotlib.
"""

from dataclasses import dataclass, fields

from degeneracy import units

SCOPES = ("sweep", "metric", "map", "experiment")
READABLE = ("networks", "trials", "fixed_points", "statistics", "map", "directions")
COMPLEXITY = "complexity"  # in FACTORS: the factors that the file of each task lists as its COMPLEXITY


@dataclass(frozen=True)
class FigureUnit:
    """The literal constants of a figure's file, in capitals there."""

    scope: str = "sweep"  # drawn for each sweep, each metric or map of it, or once for the experiment
    reads: tuple = ()  # kinds of artifacts
    metrics: tuple = ()  # whose statistics and maps it reads; needs one of them
    factors: tuple = ()  # of the sweeps it is for; () is any
    tasks: tuple = ()  # of the sweeps it is for; () is any
    least_levels: int = 1  # of the sweeps it is for
    one_a_task: bool = False  # reads the first condition of the first sweep of each task alone, and of that one block

    def is_for(self, sweep) -> bool:
        """Whether a sweep (of `experiment.Experiment`) has the factor, the task and the levels it asks for."""
        complexity = units.constant("tasks", sweep.task, "COMPLEXITY", ()) if COMPLEXITY in self.factors else ()
        factors = {*self.factors, *(f"task.{option}" for option in complexity)}
        return (
            (not self.factors or sweep.factor in factors)
            and (not self.tasks or sweep.task in self.tasks)
            and len(sweep.conditions) >= self.least_levels
        )

    @property
    def wanted(self) -> str:
        """The sweeps it is for, in words."""
        parts = [f" of {' or '.join(given)}" for given in (self.factors, self.tasks) if given]
        levels = f" with {self.least_levels} or more levels" if self.least_levels > 1 else ""
        return f"a sweep{''.join(parts)}{levels}"

    def choose(self, sweeps) -> list:
        """The sweeps it is for, in their order; the first of each task where it shows one a task."""
        found = [sweep for sweep in sweeps if self.is_for(sweep)]
        if not self.one_a_task:
            return found
        return [sweep for place, sweep in enumerate(found) if sweep.task not in {one.task for one in found[:place]}]


def declared(name: str) -> FigureUnit:
    """What a figure's file says. Raises ValueError with one sentence that names the file and the constant."""
    path, found = units.source("figures", name), {}
    for field in fields(FigureUnit):
        try:
            value = units.constant("figures", name, field.name.upper(), field.default)
        except ValueError:
            raise ValueError(f"{path}: {field.name.upper()} must be a literal") from None
        if type(value) is not type(field.default):
            kind = {str: "text", tuple: 'a tuple such as ("networks",)', int: "a whole number", bool: "True or False"}
            raise ValueError(f"{path}: {field.name.upper()}: given {value!r}, must be {kind[type(field.default)]}")
        found[field.name] = value
    unit = FigureUnit(**found)
    if not unit.reads:
        raise ValueError(f"{path}: READS is missing, must name some of {', '.join(READABLE)}")
    allowed = {
        "SCOPE": ((unit.scope,), SCOPES),
        "READS": (unit.reads, READABLE),
        "METRICS": (unit.metrics, units.names("metrics")),
        "TASKS": (unit.tasks, units.names("tasks")),
    }
    for constant, (given, known) in allowed.items():
        for value in given:
            if value not in known:
                raise ValueError(f"{path}: {constant}: given {value!r}{units.did_you_mean(value, known)}")
    for factor in unit.factors:
        if factor != COMPLEXITY and "." not in str(factor):
            raise ValueError(f'{path}: FACTORS: given {factor!r}, must be like "model.gamma", or "{COMPLEXITY}"')
    if unit.scope != "experiment" and (unit.one_a_task or "directions" in unit.reads):
        raise ValueError(f'{path}: ONE_A_TASK and "directions" are for figures with SCOPE = "experiment"')
    return unit
