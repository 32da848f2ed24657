"""Degeneracy of a population, and how it differs between groups of networks."""

from collections.abc import Mapping
from dataclasses import replace
from numbers import Real

import xarray as xr

from degeneracy.errors import UserError
from degeneracy.experiment.condition import dumps
from degeneracy.interface.measuring import logged, measure
from degeneracy.measurement.schema import MAP
from degeneracy.networks.population import Population
from degeneracy.plugins import contracts
from degeneracy.plugins.discovery import Plugin
from degeneracy.statistics.schema import STATISTICS

FACTOR = "networks.group"  # by which groups differ
CONFIDENCE = 0.95


def degeneracy(metric: str, population: Population | xr.Dataset, *, confidence: float = CONFIDENCE, **options):
    """The spread of a population under a metric: the mean pairwise distance, or the SD and other spreads of a value.

    `population` may also be what `measure` returned for the metric. Returns a dataset over `measure`, whose
    `degeneracy` lies between `interval_low` and `interval_high`: a bootstrap over networks, never over pairs. A mean
    distance has no interval (NaN) below 29 networks, where too often no odd network is among them. Units are those of
    the measure (`measure_unit`).

    >>> import degeneracy, numpy as np
    >>> activity = degeneracy.activity(np.random.default_rng(0).normal(size=(3, 10, 25, 6)))
    >>> degeneracy.degeneracy("cka", activity)["degeneracy"].round(2).values
    array([0.98])
    """
    contracts.check(Plugin("metrics", metric))
    data = population if isinstance(population, xr.Dataset) else measure(metric, population, **options)
    if data.attrs.get("metric") != metric:
        raise UserError(f"degeneracy: given a dataset of {data.attrs.get('metric')}, must be of {metric}")
    return _summary(metric, {"": data}, confidence, None).isel(level=0, drop=True)


def compare(groups: Mapping, metric: str = "dsa", *, confidence: float = CONFIDENCE, **options) -> xr.Dataset:
    """Compare the degeneracy of groups of networks under a metric.

    Parameters
    ----------
    groups
        Populations by the level of a factor. Levels that are numbers are compared from the smallest to the largest; of
        two that are not, from the first to the second.
    metric, options
        A metric and its options.
    confidence
        Coverage of the intervals.

    Returns the dataset that the pipeline stores: `degeneracy (level, measure)` with its interval, and the trend
    (`trend`, `percent`) with its interval and `trend_permutation_p`, the p-value of a test that exchanges networks
    between groups. It takes at least three networks a group. A metric that compares networks across groups, such as
    `dsa`, is tested on all their distances.

    >>> import degeneracy, numpy as np
    >>> def recorded(noise):
    ...     random = np.random.default_rng(0)
    ...     signal = random.normal(size=(1, 10, 25, 6))
    ...     return degeneracy.activity(signal + noise * random.normal(size=(5, 10, 25, 6)))
    >>> found = degeneracy.compare({0.1: recorded(0.1), 0.5: recorded(0.5)}, "cka")
    >>> found["degeneracy"].round(2).values.ravel()
    array([0.02, 0.37])
    >>> float(found["trend"][0]) > 0
    True
    """
    populations = _grouped(groups)
    within = {level: measure(metric, one, **options) for level, one in populations.items()}
    across = None
    if Plugin("metrics", metric).constant("ACROSS_CONDITIONS", False):
        across = _placed(metric, populations, within)
    return _summary(metric, within, confidence, across)


def map(groups: Mapping | Population, metric: str = "dsa", **options) -> xr.Dataset:  # the name users expect
    """Place networks in the plane so that their distances under a metric are kept as well as they can be.

    Returns the dataset that the pipeline stores: `distance (network, network_other)`, `position (network, axis)` by
    multidimensional scaling (SMACOF), `stress`, and the `level` of each network, which is its group. Raises UserError
    for several groups and a metric that compares networks of one group alone.

    >>> import degeneracy, numpy as np
    >>> activity = degeneracy.activity(np.random.default_rng(0).normal(size=(4, 10, 25, 6)))
    >>> degeneracy.map({"recorded": activity}, "cka")["position"].shape
    (4, 2)
    """
    populations = _grouped({"": groups} if isinstance(groups, Population) else groups)
    if "features" not in Plugin("metrics", metric).functions:
        raise UserError(f"map: given {metric}, which is a value of each network, must be a metric of pairs")
    if len(populations) > 1 and not Plugin("metrics", metric).constant("ACROSS_CONDITIONS", False):
        raise UserError(f"map: {metric} compares networks of one group only; give it one group, or choose dsa")
    within = {level: measure(metric, one, **options) for level, one in populations.items()}
    return _placed(metric, populations, within)


def _grouped(groups: Mapping) -> dict:
    """Groups whose populations know which one they are."""
    if not isinstance(groups, Mapping) or not groups:
        given = "none" if isinstance(groups, Mapping) else type(groups).__name__
        raise UserError(f"groups: given {given}, must be populations by their level")
    found = {}
    for level, one in groups.items():
        if not isinstance(one, Population):
            raise UserError(f"groups: {level} is {type(one).__name__}, must be a population")
        condition = one.condition | {"networks": {"group": level}}
        found[level] = replace(one, networks=one.networks.assign_attrs(condition=dumps(condition)))
    return found


def _placed(metric: str, populations: Mapping, within: Mapping) -> xr.Dataset:
    from degeneracy.measurement.network_map import place  # which needs scikit-learn

    options = _options(within)
    with logged(metric):
        data = place(metric, [*populations.values()], [*within.values()], FACTOR, options)
    return data.assign_attrs(artifact=MAP.kind, metric=metric, factor=FACTOR, condition=_condition(within))


def _summary(metric: str, within: Mapping, confidence: float, across: xr.Dataset | None) -> xr.Dataset:
    from degeneracy.statistics.summary import summarise  # which needs SciPy

    if not (isinstance(confidence, Real) and 0 < confidence < 1):
        raise UserError(f"confidence: given {confidence}, must be between 0 and 1")
    plugin = Plugin("metrics", metric)
    described, ranges = plugin.constant("MEASURES"), plugin.constant("RANGE", {})
    found = summarise([*within], [*within.values()], confidence, described, ranges, across)
    said = {"metric": metric, "metric_level": plugin.constant("LEVEL"), "factor": FACTOR, "confidence": confidence}
    return found.assign_attrs(said, artifact=STATISTICS.kind, condition=_condition(within))


def _options(within: Mapping) -> dict:
    import json

    return json.loads(next(iter(within.values())).attrs["options"])


def _condition(within: Mapping) -> str:
    return next(iter(within.values())).attrs.get("condition", "{}")
