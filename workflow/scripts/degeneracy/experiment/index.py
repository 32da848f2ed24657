"""The index of an experiment: every condition with its options, its networks and the paths of its artifacts.

>>> from degeneracy.experiment import index
>>> for one in index.conditions("results/index.csv"):
...     if one.options["task.channels"] == 2:
...         print(one.converged, one.metrics["dsa"])
"""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from degeneracy.experiment import needs, paths
from degeneracy.experiment.condition import Condition
from degeneracy.experiment.resolve import difference
from degeneracy.experiment.sweeps import Experiment

FIRST, COUNTS, FILES = ("task", "sweeps"), ("networks", "converged"), ("networks", "fixed_points", "metrics")
LAST = ("folder", "trials", *(f"{kind}_files" for kind in FILES))


@dataclass(frozen=True)
class Entry:
    """A condition of an index. Options are by section and key (`task.channels`), metrics by name."""

    task: str
    sweeps: tuple[str, ...]
    options: dict[str, Any]  # those in which some condition of the index differs from the defaults
    networks: int
    converged: int
    folder: Path
    trials: Path | None  # None for activity whose inputs are not known
    networks_files: tuple[Path, ...]
    fixed_points_files: tuple[Path, ...]  # none where no metric of the experiment uses them
    metrics: dict[str, Path]


def conditions(path="results/index.csv") -> list[Entry]:
    """The conditions of an index, with paths as seen from the working directory."""
    path = Path(path)
    with open(path, newline="", encoding="utf-8") as file:
        return [_entry(row, path.parent.parent) for row in csv.DictReader(file)]


def _entry(row: dict[str, str], root: Path) -> Entry:
    folder = root / row["folder"]
    files = {kind: tuple(folder / name for name in row[f"{kind}_files"].split()) for kind in FILES}
    options = {key: _value(text) for key, text in row.items() if "." in key and text}
    return Entry(
        task=row["task"],
        sweeps=tuple(row["sweeps"].split()),
        options=options,
        networks=int(row["networks"]),
        converged=int(row["converged"]),
        folder=folder,
        trials=root / row["trials"] if row["trials"] else None,
        networks_files=files["networks"],
        fixed_points_files=files["fixed_points"],
        metrics={file.stem: file for file in files["metrics"]},
    )


def _value(text: str) -> Any:
    """A number, a truth value, or a word as it is."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def rows(experiment: Experiment, schema: dict) -> list[dict[str, str]]:
    """A row for each condition, without the counts of its networks, sorted by name: another order of levels is no news.

    A column holds an option in which some condition differs from the defaults, and its value in all conditions that
    have it. Files are given from the folder of the condition, names and files are separated by spaces.
    """
    needed = needs.Needs(experiment)
    specs = [condition.spec for condition in experiment.conditions]
    columns = list(dict.fromkeys(option for spec in specs for option in difference(spec, schema)))
    ordered = sorted(experiment.conditions, key=lambda condition: (condition.task, condition.name))
    return [_row(condition, needed, sorted(columns)) for condition in ordered]


def _row(condition: Condition, needed: needs.Needs, columns: list[str]) -> dict[str, str]:
    experiment, spec = needed.experiment, condition.spec
    metrics = experiment.metrics_of(condition)
    found = {
        "networks": needed.networks(condition),
        "fixed_points": needed.fixed_points(condition) if any(map(needed.uses_fixed_points, metrics)) else [],
        "metrics": [paths.metric(condition.task, condition.name, metric) for metric in metrics],
    }
    folder = Path(found["networks"][0]).parents[1]
    options = {}
    for column in columns:
        section, key = column.split(".")
        value = spec[section].get(key, "")
        options[column] = value if isinstance(value, str) else json.dumps(value)
    return {
        "task": condition.task,
        "sweeps": " ".join(sweep.name for sweep in experiment.sweeps.values() if condition in sweep.conditions),
        **options,
        "folder": str(folder),
        "trials": " ".join(needs.trials_of(condition)),
        **{f"{kind}_files": " ".join(str(Path(path).relative_to(folder)) for path in found[kind]) for kind in FILES},
    }


def table(rows: list[dict[str, str]], counts: list[dict[str, int]]) -> str:
    """The index as comma-separated values, from its rows and the counts of networks of each condition."""
    text, options = io.StringIO(), [column for column in rows[0] if "." in column]
    writer = csv.DictWriter(text, [*FIRST, *options, *COUNTS, *LAST], lineterminator="\n")
    writer.writeheader()
    writer.writerows(row | count for row, count in zip(rows, counts, strict=True))
    return text.getvalue()
