"""Metrics and fixed points of a population that is in memory."""

import contextlib
import io
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import xarray as xr
import yaml  # type: ignore[import-untyped]

from degeneracy.errors import UserError
from degeneracy.experiment import condition, fitting
from degeneracy.experiment.condition import dumps
from degeneracy.experiment.validation import defaults_of
from degeneracy.fixed_points.schema import FIXED_POINTS
from degeneracy.interface.given import Given, is_population, numbers, trials_of
from degeneracy.measurement import measure as measurement
from degeneracy.measurement.schema import schema_of
from degeneracy.networks.population import Population
from degeneracy.plugins import contracts, validation
from degeneracy.plugins.discovery import PACKAGE, Plugin, names

SCHEMA = PACKAGE.parents[1] / "schemas" / "config.schema.yaml"
FREE_STEPS = 50  # that networks run at constant inputs to visit states, where no trials are known
ALL = "all"
log = logging.getLogger("degeneracy")


@dataclass(frozen=True)
class Measured:
    """What `measure("all", …)` computed: a dataset for each metric, and a sentence for each that was left out."""

    metrics: dict[str, xr.Dataset] = field(repr=False)
    left_out: dict[str, str]

    def __getitem__(self, metric: str) -> xr.Dataset:
        return self.metrics[metric]

    def __iter__(self) -> Iterator[str]:
        return iter(self.metrics)


def measure(metric: str, population: Population, **options):
    """Compute a metric on a population.

    Returns the dataset that the pipeline stores: `value (network)`, or `distance (network, network_other)`, everything
    else that the metric returns, and the references of a distance, which are NaN where they cannot be known (`floor`,
    each network against itself on other trials; `untrained_distance`). `workflow/README.md` lists metrics and options.

    With "all", computes every metric that it can, and returns them by name; `left_out` says why others are missing.
    Options are then by metric (`dsa={"rank": 3}`). Fixed points are searched for where a metric needs them.

    Raises UserError with a sentence if the population lacks what the metric needs, such as weights or a readout.

    >>> import degeneracy, numpy as np
    >>> activity = degeneracy.activity(np.random.default_rng(0).normal(size=(3, 10, 25, 6)))
    >>> degeneracy.measure("cka", activity)["distance"].round(2).values
    array([[0.  , 0.98, 0.97],
           [0.98, 0.  , 0.98],
           [0.97, 0.98, 0.  ]])
    >>> degeneracy.measure("all", activity, dsa={"rank": 5}).left_out["weight_change"]
    'needs recurrent weights and parameters before training, which these networks lack'
    """
    is_population(population, f"measure {metric}" if isinstance(metric, str) else "measure")
    if metric == ALL:
        return _everything(population, options)
    plugin = Plugin("metrics", metric)
    contracts.check(plugin)
    whole = plugin.complete(options, metric)
    if reason := unfit(plugin, whole, population):
        raise UserError(f"{metric}: {reason}")
    if plugin.constant("USES", ()) and population.fixed_points is None:
        population = replace(population, fixed_points=fixed_points(population))
    with logged(metric):
        data = measurement.measure(metric, population, whole)
    kind = schema_of(plugin)
    said = {"artifact": kind.kind, "metric": metric, "options": dumps(whole), "level": plugin.constant("LEVEL")}
    return data.assign_attrs(said, condition=dumps(population.condition))


def fixed_points(population: Population, constant_inputs=None, **options) -> xr.Dataset:
    """Find the fixed points and slow points of every network, with their stability.

    Parameters
    ----------
    constant_inputs
        Inputs (condition, input) at which points are sought: by default no input, or what the task of networks that the
        pipeline trained says.
    options
        Those of `fixed_points` in the configuration, such as `starts` and `noise`.

    Returns the dataset that the pipeline stores, over `point` and `seed` (the number of the network); `state` is in the
    units of activity. The search starts from states that the networks visit. Source: Sussillo & Barak 2013. Raises
    UserError for activity, whose equations are not known.

    >>> import degeneracy
    >>> weights = {"recurrent_weights": [[1.0, -1.0], [-1.0, 1.0]]}  # h' = tanh(W h)
    >>> points = degeneracy.fixed_points(degeneracy.population([weights], cell="vanilla"))
    >>> sorted(points["n_unstable"].values.tolist())  # two stable points, and a saddle between them
    [0, 0, 1]
    """
    from degeneracy.fixed_points.find import find  # which needs torch

    if not SCHEMA.is_file():
        raise UserError(f"fixed_points: its options are in {SCHEMA}, must be installed from a clone (pip install -e .)")
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    validation.check(options, schema["$defs"]["fixed_points"], "fixed_points")
    whole = defaults_of(schema, "fixed_points") | options
    if "equations" in lacking(is_population(population, "fixed_points")):
        raise UserError(f"fixed_points: needs the equations of the networks: {_without_parameters(population)}")
    if isinstance(population, Given):
        population = _held_constant(population, constant_inputs)
    elif constant_inputs is not None:
        task = population.condition["task"]["name"]
        raise UserError(f"constant_inputs: given for networks of {task}, which has constant inputs of its own")
    found = find(population, whole, log.info)
    return found.assign_attrs(artifact=FIXED_POINTS.kind, options=dumps(whole), condition=dumps(population.condition))


def unfit(plugin: Plugin, options: dict, population: Population) -> str:
    """Why a metric cannot be computed on a population, as the end of a sentence; "" if nothing is known of it."""
    if reason := measurement.mixed_widths(plugin, options, population):
        return reason
    return fitting.misfit(plugin, options, known_of(population))


def known_of(population: Population) -> dict[str, Any]:
    """What a metric may require of a population, as `experiment.fitting` knows it of a condition."""
    spec, data = population.condition, population.networks
    cell = {"width": data.sizes.get("unit")} | spec["model"]
    known = fitting.facts(spec | {"model": cell}) if "cell" in cell else {"matrices": []}
    known["lacking"] = lacking(population)
    if isinstance(population, Given) and (trials := population.__dict__.get("states", population.probe)) is not None:
        count, steps = trials.shape[1:3] if isinstance(trials, np.ndarray) else trials["mask"].shape
        known |= {"trials.probe": count, "task.time_steps": steps}
    return known


def lacking(population: Population) -> set[str]:
    """What is not known of a population, of `contracts.NEEDED`."""
    if not isinstance(population, Given):  # of the pipeline, whose networks may come from files
        return condition.lacking(population.condition)
    data, probe = population.networks, population.probe
    missing = {"untrained", "ood", "replicate", "free_run"} | (
        set() if data.attrs["parameters"] else {"weights", "readout", "equations"}
    )
    if population.known_cell is not None:
        missing.add("weights")  # of a module with a step
    if not data.sizes.get("output", 0):
        missing.add("readout")
    if probe is None:
        missing.add("inputs")
    if probe is None or not probe.sizes["output"]:
        missing.add("targets")
    return missing


@contextlib.contextmanager
def logged(metric: str):
    """What a metric prints goes to the log `degeneracy`, with its name."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        yield
    for line in text.getvalue().splitlines():
        log.info(f"{metric}: {line}")


def _everything(population: Population, options: dict) -> Measured:
    """Every metric that can be computed, and why the others cannot."""
    for name, given in options.items():
        contracts.check(Plugin("metrics", name))
        if not isinstance(given, Mapping):
            raise UserError(f"{name}: given {given}, must be the options of the metric by name ({name}={{…}})")
        Plugin("metrics", name).check(given, name)
    found, left_out = {}, {}
    if population.fixed_points is None and "equations" not in lacking(population):
        population = replace(population, fixed_points=fixed_points(population))
    for name in names("metrics"):
        try:
            found[name] = measure(name, population, **options.get(name, {}))
        except UserError as error:
            left_out[name] = str(error).removeprefix(f"{name}: ")
    return Measured(found, left_out)


def _without_parameters(population: Population) -> str:
    try:
        population.parameters  # noqa: B018
    except UserError as error:
        return str(error)
    return "they are not known"


def _held_constant(population: Given, constant_inputs) -> Given:
    """The population with constant inputs, and with trials of them if it has none."""
    channels = len(population.task.inputs)
    constants = np.zeros((1, channels)) if population.constants is None else population.constants
    if constant_inputs is not None:
        constants = numbers(constant_inputs, "constant_inputs", ("condition", "input"))
        if constants.shape[1] != channels or not len(constants):
            raise UserError(f"constant_inputs: given {constants.shape}, must be (condition, {channels})")
    probe = population.probe
    if probe is None:
        probe = trials_of(np.repeat(constants[:, None], FREE_STEPS, 1))
    return replace(population, constants=constants, probe=probe)
