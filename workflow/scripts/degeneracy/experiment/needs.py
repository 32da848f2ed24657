"""What each rule needs: the artifacts that a job reads and the files that a run makes.

Knows the experiment and where its artifacts lie, and no workflow engine.
"""

import os
from dataclasses import dataclass
from functools import cache, cached_property

from degeneracy.experiment import paths
from degeneracy.experiment.condition import Condition
from degeneracy.experiment.sweeps import Experiment, Sweep
from degeneracy.plugins.discovery import task_of
from degeneracy.plugins.figure_contract import FigureContract, figure_contract


@dataclass(frozen=True)
class Needs:
    """What the jobs of an experiment need."""

    experiment: Experiment

    @cached_property
    def conditions(self) -> dict[tuple[str, str], Condition]:
        """Conditions by task and name."""
        return {(one.task, one.name): one for one in self.experiment.conditions}

    @cached_property
    def trial_sets(self) -> dict[tuple[str, str], Condition]:
        """A condition of each set of trials, by task and name of the set."""
        return {(one.task, one.trial_set): one for one in self.experiment.conditions if trials_of(one)}

    @cached_property
    def figures(self) -> dict[str, FigureContract]:
        """What the files of the figures say."""
        return {name: figure_contract(name) for name in self.experiment.figures}

    def networks(self, condition: Condition) -> list[str]:
        return [paths.networks(condition.task, condition.name, block) for block in self.experiment.blocks_of(condition)]

    def fixed_points(self, condition: Condition) -> list[str]:
        blocks = self.experiment.blocks_of(condition)
        return [paths.fixed_points(condition.task, condition.name, block) for block in blocks]

    def metric(self, sweep: Sweep, metric: str) -> list[str]:
        """Artifacts of a metric, one a level."""
        return [paths.metric(one.task, one.name, metric) for one in sweep.conditions]

    def compared_metrics(self, sweep: Sweep) -> list[str]:
        """Metrics of a sweep that are compared with each other: no variants. None if only one of them is of pairs."""
        metrics = [name for name in self.metrics(sweep) if name not in self.experiment.variants]
        pairwise = [name for name in metrics if "features" in self.experiment.plugin(name).functions]
        return metrics if len(pairwise) > 1 else []

    def metrics(self, sweep: Sweep) -> dict[str, dict]:
        """Metrics of a sweep and their options."""
        return self.experiment.metrics_of(*sweep.conditions)

    def variant_of(self) -> dict[str, str]:
        """The metrics that say in their file that they are variants of another, and that other metric."""
        plugins = [
            self.experiment.plugin(name) for sweep in self.experiment.sweeps.values() for name in self.metrics(sweep)
        ]
        return {one.name: other for one in plugins if (other := one.constant("VARIANT_OF", ""))}

    def maps(self, sweep: Sweep) -> list[str]:
        """Metrics of a sweep of which it has a map."""
        return [name for name in self.experiment.maps if name in self.metrics(sweep)]

    def across(self, sweep: Sweep, metric: str) -> list[str]:
        """The map of a metric whose trend is tested on the distances between all networks of a sweep."""
        return [paths.network_map(sweep.name, metric)] if self.compares_conditions(metric) else []

    def statistics(self) -> list[str]:
        sweeps = self.experiment.sweeps.values()
        return [paths.statistics(sweep.name, metric) for sweep in sweeps for metric in self.metrics(sweep)]

    def crossed(self) -> list[str]:
        """Metrics of the conditions in which seeds of the initialisation and of the data are crossed."""
        crossing = [one for one in self.experiment.conditions if one.spec["training"].get("data_seeds")]
        return [paths.metric(one.task, one.name, name) for one in crossing for name in self.experiment.metrics_of(one)]

    def memory_of_block(self, condition: Condition, networks: int) -> int:
        """MB that some networks take in training: four copies, in float64, of their states on a batch and of their
        recurrent matrices, of which gated cells have up to four.
        """
        row, _ = _size(condition)
        batch, width = (
            condition.spec[part].get(name, 1) for part, name in (("training", "batch_size"), ("model", "width"))
        )
        return 4 * 8 * networks * (batch * row + 4 * width**2) // 1_000_000

    def memory_of_metric(self, metric: str, *conditions: Condition) -> int:
        """MB that a metric takes on the networks of some conditions (tests/benchmarks/memory.py measures it).

        A job holds, in float64, four copies of the states of one network on the probe trials. Metrics with an option
        `trials` keep the states of all networks on so many; others keep what is like their recurrent matrices.
        """
        kept, states = 0, 0
        for condition in conditions:
            options, width = self.experiment.metrics[condition.task][metric], condition.spec["model"].get("width", 0)
            row, trials = _size(condition)
            networks = sum(map(len, self.experiment.blocks_of(condition).values()))
            states = max(states, trials * row)
            kept += networks * (min(options.get("trials", 0), trials) * row + 4 * width**2)
        return 8 * (4 * states + kept) // 1_000_000

    def training_minutes(self, block: str, gpu: bool) -> int:
        """Time to train a block of networks: on a GPU at once, on a CPU one after the other."""
        return 120 if gpu else 30 + 10 * len(self.experiment.blocks[block])

    def present(self) -> int:
        """How many networks of the experiment are in some artifact of their condition, as far as its name tells."""
        wanted = {seed for seeds in self.experiment.blocks.values() for seed in seeds}
        return sum(len(wanted & paths.seeds_there(one.task, one.name)) for one in self.trained)

    @property
    def trained(self) -> list[Condition]:
        """The conditions whose networks are trained, and do not come from files."""
        return [one for one in self.experiment.conditions if not one.files]

    def figures_of(self, sweep: Sweep, scope: str) -> list[str]:
        """Figures of a scope that have something to draw in a sweep.

        Those of some METRICS need one of them. Those that read fixed points need a metric that uses them, or to be
        asked for by name: nobody has to wait for fixed points that only a default figure would show.
        """
        metrics = self.metrics(sweep)

        imported = any(one.files for one in sweep.conditions)

        def has_input(name: str, figure: FigureContract) -> bool:
            if imported and "fixed_points" not in figure.reads and {"networks", "trials"} & {*figure.reads}:
                return False  # of training, and of how the task is solved
            if "fixed_points" in figure.reads and name not in self.experiment.figures_named:
                return any(map(self.uses_fixed_points, metrics))
            return not (figure.metrics or figure.all_metrics) or bool(self.shown_metrics(sweep, figure))

        scoped = [name for name, figure in self.figures.items() if figure.scope == scope and figure.is_for(sweep)]
        return [name for name in scoped if has_input(name, self.figures[name])]

    def shown_metrics(self, sweep: Sweep, figure: FigureContract) -> list[str]:
        """Metrics of a sweep that a figure shows: those of its METRICS, or all that are compared with each other."""
        chosen = self.compared_metrics(sweep) if figure.all_metrics else figure.metrics
        return [name for name in chosen if name in self.metrics(sweep)]

    def figure_artifacts(self, sweep: Sweep, figure: str, metric: str | None = None) -> list[str]:
        """Artifacts a figure reads, as its READS says, of one sweep (and, for a figure of one metric, of that)."""
        contract = self.figures[figure]
        chosen = [metric] if metric else self.shown_metrics(sweep, contract)
        first = slice(1 if contract.one_a_task else None)
        conditions = sweep.conditions[first]
        sources = {
            "trials": lambda: [path for one in conditions for path in trials_of(one)],
            "networks": lambda: [path for one in conditions for path in self.networks(one)[first]],
            "fixed_points": lambda: [path for one in conditions for path in self.fixed_points(one)[first]],
            "metrics": lambda: [path for name in chosen for path in self.metric(sweep, name)],
            "statistics": lambda: [paths.statistics(sweep.name, name) for name in chosen],
            "map": lambda: [paths.network_map(sweep.name, name) for name in chosen if name in self.maps(sweep)],
            "directions": list,  # of no sweep: it is one file for the experiment
        }
        return list(dict.fromkeys(path for part in contract.reads for path in sources[part]()))

    def drawn_sweeps(self, figure: str, sweep: str | None = None, metric: str | None = None) -> dict[str, list[str]]:
        """The sweeps that a figure shows (one, or those of the experiment that it is for), each with its artifacts."""
        if sweep:
            return {sweep: self.figure_artifacts(self.experiment.sweeps[sweep], figure, metric)}
        shown = self.figures[figure].choose(self.experiment.sweeps.values())
        shown = [one for one in shown if figure in self.figures_of(one, "experiment")]
        artifacts = {one.name: self.figure_artifacts(one, figure) for one in shown}
        return {name: files for name, files in artifacts.items() if files}

    def directions(self, figure: str) -> list[str]:
        """The table of directions, if a figure reads it."""
        return [paths.directions("nc")] if "directions" in self.figures[figure].reads else []

    def figure_inputs(self, figure: str, sweep: str | None = None, metric: str | None = None) -> list[str]:
        """All artifacts of a figure."""
        files = [path for one in self.drawn_sweeps(figure, sweep, metric).values() for path in one]
        return list(dict.fromkeys(files)) + self.directions(figure)

    def figure_arguments(self, figure: str, sweep: str | None = None, metric: str | None = None) -> dict:
        """The same as the argument `artifacts` of the script: by sweep, with the factor of each."""
        drawn = self.drawn_sweeps(figure, sweep, metric).items()
        sweeps = {name: {"factor": self.experiment.sweeps[name].factor, "artifacts": files} for name, files in drawn}
        return {"sweeps": sweeps} | dict(zip(("directions",), self.directions(figure), strict=False))

    def figure_targets(self) -> list[str]:
        """All figures that have something to draw in the experiment."""
        scoped = [name for name, figure in self.figures.items() if figure.scope == "experiment"]
        drawn = [name for name in scoped if self.drawn_sweeps(name) or self.figures[name].reads == ("directions",)]
        targets = []
        for ending in ("pdf", "png"):
            targets += [paths.experiment_figure(figure, ending) for figure in drawn]
            for sweep in self.experiment.sweeps.values():
                targets += [paths.figure(sweep.name, figure, ending) for figure in self.figures_of(sweep, "sweep")]
                for scope, metrics in (("metric", self.metrics(sweep)), ("map", self.maps(sweep))):
                    figures = self.figures_of(sweep, scope)
                    targets += [
                        paths.metric_figure(sweep.name, metric, figure, ending)
                        for figure in figures
                        for metric in metrics
                    ]
        return targets

    def between(self) -> set[str]:
        """Artifacts that jobs of the experiment may read though they are no targets: trials, fixed points and maps."""
        conditions, sweeps = self.experiment.conditions, self.experiment.sweeps.values()
        read = {path for one in conditions for path in trials_of(one)} | {
            path for one in conditions for path in self.fixed_points(one)
        }
        return read | {paths.network_map(sweep.name, name) for sweep in sweeps for name in self.maps(sweep)}

    def fixed_point_targets(self) -> list[str]:
        """The fixed points that some metric of the experiment uses."""
        experiment = self.experiment
        using = [one for one in experiment.conditions if any(map(self.uses_fixed_points, experiment.metrics_of(one)))]
        return [path for one in using for path in self.fixed_points(one)]

    def uses_fixed_points(self, metric: str) -> bool:
        return "fixed_points" in self.experiment.plugin(metric).constant("USES", ())

    def compares_conditions(self, metric: str) -> bool:
        return self.experiment.plugin(metric).constant("ACROSS_CONDITIONS", False)

    def uses_gpu(self, metric: str) -> bool:
        return self.experiment.plugin(metric).constant("GPU", False)


def trials(condition: Condition) -> str:
    return paths.trials(condition.task, condition.trial_set)


def trials_of(condition: Condition) -> list[str]:
    """The trials of a condition; none for recorded activity without a file of trials."""
    return [trials(condition)] if condition.spec["task"].get("file") != "" else []


@cache
def _size(condition: Condition) -> tuple[int, int]:
    """Entries of the states of a network on a trial, and trials: of files, which tell their sizes, all in one trial.

    A trial is taken to last 100 steps, and as many more as all options in steps say. States that weights lead to are
    taken to be 100 times as large as their file.
    """
    spec = condition.spec
    if condition.files:
        return max(map(os.path.getsize, condition.files)) // 4 * (1 if not spec["model"] else 100), 1
    options = task_of(spec).options
    steps = 100 + sum(spec["task"][name] for name, option in options.items() if option.range.unit == "steps")
    return steps * spec["model"]["width"], spec["trials"]["probe"]
