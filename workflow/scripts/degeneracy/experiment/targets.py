"""Artifacts that are asked for by their path, on the command line: whether the experiment has what their names say."""

import difflib
import re
from collections.abc import Iterable

from degeneracy.errors import UserError
from degeneracy.experiment import paths
from degeneracy.experiment.needs import Needs
from degeneracy.experiment.sweeps import FILES
from degeneracy.plugins.options import did_you_mean, quoted

WORDS = ("task", "trial_set", "condition", "block", "sweep", "metric", "figure")
TASK, TRIAL_SET, CONDITION, BLOCK, SWEEP, METRIC, FIGURE = (f"(?P<{word}>[^/]+)" for word in WORDS)
MAPS = paths.network_map(SWEEP, METRIC)
PLACES = (
    *(place(TASK, TRIAL_SET) for place in (paths.trials, paths.complexity)),
    *(place(TASK, CONDITION, BLOCK) for place in (paths.networks, paths.fixed_points)),
    *(paths.metric(TASK, CONDITION, METRIC), paths.statistics(SWEEP, METRIC), MAPS),
)
ENDING = "(pdf|png)"
FIGURES = (
    paths.experiment_figure(FIGURE, ENDING),
    paths.figure(SWEEP, FIGURE, ENDING),
    paths.metric_figure(SWEEP, METRIC, FIGURE, ENDING),
)


def check(asked: Iterable[str], needs: Needs) -> None:
    """Raise UserError, with the nearest name, if a path is that of an artifact that the experiment does not have."""
    for path in sorted(asked):
        for place in (*PLACES, *FIGURES):
            if found := re.fullmatch(place, path):
                _check_names(path, found.groupdict(), needs, place == MAPS)
                drawn = needs.figure_targets() if place in FIGURES else [path]
                if path not in drawn:
                    nearest = [f"; did you mean {one}?" for one in difflib.get_close_matches(path, drawn, 1, 0)]
                    raise UserError(f"{path}: nothing draws this figure{''.join(nearest)}")


def _check_names(path: str, given: dict[str, str], needs: Needs, is_map: bool) -> None:
    """Check the names in a path from left to right, as what is allowed depends on those before."""
    experiment, task = needs.experiment, given.get("task", "")
    for word, name in given.items():
        if word == "metric" and not task:
            task = experiment.sweeps[given["sweep"]].task
        allowed: dict[str, Iterable[str]] = {
            "task": experiment.metrics,
            "sweep": experiment.sweeps,
            "block": [*experiment.blocks, FILES],
            "figure": experiment.figures,
            "metric": [one for one in experiment.metrics.get(task, ()) if not is_map or needs.compares_conditions(one)],
            "condition": [condition for of, condition in needs.conditions if of == task],
            "trial_set": [trial_set for of, trial_set in needs.trial_sets if of == task],
        }
        if name not in allowed[word]:
            kind = "map of" if is_map and word == "metric" else word.replace("_", " ")
            raise UserError(f"{path}: this experiment has no {kind} {quoted(name)}{did_you_mean(name, allowed[word])}")
