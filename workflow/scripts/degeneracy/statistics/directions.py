"""In which direction does degeneracy change as a factor rises, and is it the direction that the paper reports?

The table has one row per sweep, metric and measure. For each aspect, two rows are compared with the paper (Huang et al.
2025): the `primary` row uses the measure of the paper, and the `preferred` row uses the measure that this project
trusts more (the spread of the loss grows with its mean, and a weight distance over n² falls with the width by itself).
The paper has arrows for behaviour, dynamics and weights; for the representation there is nothing to compare with.

The arrow is that of the change in percent, which is a ratio of levels: the coverage of its interval does not depend on
the ratio. Where there is no ratio, it is that of the trend, which is a difference of levels. An arrow needs both its
interval, which must exclude 0, and the permutation test. There is none where a level is not resolved: the floor is more
than a quarter of the degeneracy there. Behaviour has no arrow below LEAST_FOR_BEHAVIOUR networks. Whether an arrow is
`robust`, `statistics.sensitivity` says.
"""

import json
from collections.abc import Mapping

import numpy as np
import xarray as xr

from degeneracy.errors import UserError
from degeneracy.statistics import sensitivity
from degeneracy.statistics.multiple_tests import holm
from degeneracy.statistics.paper import DOWN, PAPER_ARROWS, UNCLEAR, UP, agreement, compared, paper_factor
from degeneracy.statistics.schema import DIRECTIONS
from degeneracy.statistics.trend import trend_order, trend_weights

LEAST_FOR_BEHAVIOUR = 20  # networks a level: fewer see a halving of the spread in less than 80% of cases
NUMBERS = ("trend", "trend_low", "trend_high", "percent", "percent_low", "percent_high", "trend_permutation_p")


def arrow(low: float, high: float, p: float, alpha: float) -> str:
    """Direction of a change: that of its interval, if the test sees it too; else unclear, as where one is NaN."""
    if not p <= alpha:
        return UNCLEAR
    return UP if low > 0 else DOWN if high < 0 else UNCLEAR


def table(sweeps: list[tuple[str, str, xr.Dataset]], variant_of: Mapping[str, str] | None = None) -> xr.Dataset:
    """The table of directions (row), from the names of a sweep and of a metric, and their statistics artifact, of each.

    `variant_of` gives, for a metric that says in its file that it is a variant, the metric that it is a variant of.

    Rows are sorted by sweep and metric; measures keep their order. `holm_p` adjusts the permutation p-values of all
    compared rows (primary or preferred) of the same paper factor, across tasks, metrics and both measures. It is NaN
    for all other rows. Raises UserError if a metric is given twice for a sweep, or if nothing is given.
    """
    named = {(sweep, metric): data for sweep, metric, data in sweeps}
    if not named:
        raise UserError("directions: no statistics artifact is given, must be at least one")
    if len(named) < len(sweeps):
        raise UserError("directions: a metric is given twice for the same sweep")
    rows = [row for key in sorted(named) for row in _rows(*key, named[key], variant_of or {})]
    family = np.array([row["paper_factor"] if row["primary"] or row["preferred"] else "" for row in rows])
    p = np.array([row["trend_permutation_p"] for row in rows])
    adjusted, alpha = np.full(len(rows), np.nan), 1 - next(iter(named.values())).attrs["confidence"]
    for name in set(family) - {""}:
        adjusted[family == name] = holm(p[family == name])
    for row, value in zip(rows, adjusted, strict=True):
        row["holm_p"] = value
        row["variants"], row["sign_agreement"] = sensitivity.sign_agreement(row, rows)
        row["doubts"] = sensitivity.doubts(row, alpha)
        row["robust"] = row["arrow"] != UNCLEAR and not row["doubts"]
    return DIRECTIONS.build({name: np.array([row[name] for row in rows]) for name in DIRECTIONS.variables})


def _rows(sweep: str, metric: str, data: xr.Dataset, variant_of: Mapping[str, str]) -> list[dict]:
    """Rows of one statistics artifact, with all columns but those that depend on other rows."""
    levels = data["level"].values.tolist()
    order = trend_order(levels)
    shown = order or list(range(len(levels)))
    plugin, level, factor = (data.attrs[name] for name in ("metric", "metric_level", "factor"))
    task = json.loads(data.attrs["condition"])["task"]["name"]
    role = paper_factor(task, factor)
    shared = {
        "sweep": sweep,
        "task": task,
        "factor": factor,
        "paper_factor": role,
        "metric": metric,
        "variant_of": variant_of.get(plugin, "" if metric == plugin else plugin),
        "metric_level": level,
        "levels": _joined(levels[place] for place in shown),
        "n_used": _joined(data["n_used"].values[shown].tolist()),
        "n_networks": _joined(data["n_networks"].values[shown].tolist()),
    }
    few = ""
    if level == "behaviour" and min(data["n_used"].values[shown]) < LEAST_FOR_BEHAVIOUR:
        few = f"no arrow of behaviour with fewer than {LEAST_FOR_BEHAVIOUR} networks at a level"
    rows = []
    for name in data["measure"].values.tolist():
        here = data.sel(measure=name)
        numbers = {key: float(here[key]) for key in NUMBERS}
        words = {key: str(here[key].values) for key in ("measure_name", "measure_unit", "test", "monotone")}
        primary, preferred = (name == measure for measure in compared(metric))
        paper = PAPER_ARROWS.get(role, {}).get(level, "") if primary or preferred else ""
        told = "trend" if np.isnan(numbers["percent_low"]) else "percent"
        ends, alpha = (numbers[f"{told}_low"], numbers[f"{told}_high"]), 1 - data.attrs["confidence"]
        hidden = _unresolved(here)
        measured = UNCLEAR if few or hidden else arrow(*ends, numbers["trend_permutation_p"], alpha)
        rows.append(
            shared
            | numbers
            | words
            | {
                "measure": name,
                "primary": primary,
                "preferred": preferred,
                "first_degeneracy": float(here["degeneracy"].values[order[0]]) if order else np.nan,
                "resolved": not hidden,
                "arrow": measured,
                "paper_arrow": paper,
                "agreement": agreement(measured, paper),
                "percent_replicate": _between_groups(here, order),
                "halves_agree": _halves_agree(here, shown, told, numbers),
                "remark": "; ".join(filter(None, [str(here["remark"].values), few, hidden])),
            }
        )
    return rows


def _unresolved(data: xr.Dataset) -> str:
    """A remark that names the levels at which a measure is known but not resolved; empty if there are none."""
    hidden = data["level"].values[(data["resolved"].values == 0) & np.isfinite(data["degeneracy"].values)]
    return f"not resolved at {_joined(hidden.tolist())}" if len(hidden) else ""


def _between_groups(here: xr.Dataset, order: list[int]) -> float:
    """The change in percent of distances between networks on the probe and networks on the replicate trials."""
    values = (here["floor"] + here["excess"]).values[order]
    if len(order) < 2 or not np.all(values > 0):
        return np.nan
    return float(100 * np.expm1(trend_weights(len(order)) @ np.log(values)))


def _halves_agree(here: xr.Dataset, levels: list[int], told: str, numbers: dict[str, float]) -> str:
    if "half_trend" not in here:
        return sensitivity.halves_agree(numbers, (np.nan, np.nan), 0)
    even, odd = here[f"half_{told}"].values
    return sensitivity.halves_agree(numbers, (even, odd), int(here["half_n_used"].values[:, levels].min()))


def _joined(values) -> str:
    """`2, 3, 4`; words as they are, and `false` and `true` in lower case."""
    return ", ".join(value if isinstance(value, str) else json.dumps(value) for value in values)
