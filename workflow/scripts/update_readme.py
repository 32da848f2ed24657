"""Write the generated parts of the README files: artifacts, plug-ins, and what the studies in `resources/` found.

    python workflow/scripts/update_readme.py                           # all of them
    python workflow/scripts/update_readme.py resources/study_results   # begins a README for a study that has none

A part stands between `<!-- generated: NAME -->` and `<!-- end -->`. A test checks that all of them are up to date. The
README of a study has any of the parts in `report/study.py`, from `statistics/directions.csv` and `power.csv` beside it.
"""

import argparse
from functools import partial
from pathlib import Path

from degeneracy.artifacts.schema import FLAG, FLOAT, INTEGER, TEXT, Schema
from degeneracy.experiment import paths
from degeneracy.fixed_points.schema import FIXED_POINTS
from degeneracy.measurement.schema import MAP, NETWORK_METRIC, PAIR_METRIC
from degeneracy.networks.schema import NETWORKS
from degeneracy.plugins.discovery import KINDS, Plugin, names
from degeneracy.plugins.options import Option
from degeneracy.report import agreement, study
from degeneracy.report.study import markdown as table
from degeneracy.statistics.schema import DIRECTIONS, STATISTICS
from degeneracy.subspaces.schema import SUBSPACES
from degeneracy.trials.schema import COMPLEXITY, TRIALS

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = ROOT / "workflow" / "README.md"
STUDIES = ROOT / "resources"
NEIGHBOURS = STUDIES / "neighbours_results"
OF_CONDITION = ("<task>", "<condition>")
ARTIFACTS = (
    (TRIALS, paths.trials("<task>", "<trial set>")),
    (COMPLEXITY, paths.complexity("<task>", "<trial set>")),
    (NETWORKS, paths.networks(*OF_CONDITION, "<block>")),
    (SUBSPACES, paths.subspaces(*OF_CONDITION, "<dimension>")),
    (FIXED_POINTS, paths.fixed_points(*OF_CONDITION, "<block>")),
    (NETWORK_METRIC, paths.metric(*OF_CONDITION, "<metric>")),
    (PAIR_METRIC, paths.metric(*OF_CONDITION, "<metric>")),
    (MAP, paths.network_map("<sweep>", "<metric>")),
    (STATISTICS, paths.statistics("<sweep>", "<metric>")),
    (DIRECTIONS, paths.directions("nc")),
)
TYPES = {FLOAT: "real", INTEGER: "integer", FLAG: "0 or 1", TEXT: "text"}
SAYS = {"metrics": ("LEVEL", "aspect"), "tasks": ("COMPLEXITY", "more complex with")}  # kind: constant, its column


def artifacts() -> str:
    """What the artifacts hold, a table for each kind."""
    return "\n\n".join(f"**{schema.kind}**: `{path}`\n\n{variables(schema)}" for schema, path in ARTIFACTS)


def variables(schema: Schema) -> str:
    """The variables of one kind of artifact."""
    rows = []
    for name, known in schema.variables.items():
        said = (known.long_name or "as the metric says") + (" (optional)" if known.optional else "")
        rows.append((f"`{name}`", ", ".join(known.dims), TYPES[known.dtype], said, known.unit))
    groups = f"The groups {', '.join(f'`{group}`' for group in schema.groups)} each hold:\n\n" if schema.groups else ""
    return groups + table(("variable", "dimensions", "type", "what", "unit"), rows)


def plugins(kind: str) -> str:
    """The plug-ins of a kind with their options; with the aspect of a metric and the complexity factors of a task."""
    constant, column = SAYS.get(kind, ("", ""))
    rows = []
    for name in names(kind):
        plugin = Plugin(kind, name)
        what = " ".join(plugin.docstring.split("\n\n")[0].split())
        options = "<br>".join(described(key, option) for key, option in plugin.options.items())
        value = plugin.constant(constant, "")
        extra = value if isinstance(value, str) else ", ".join(f"`{one}`" for one in value)
        rows.append((f"`{name}`", *([extra] if column else []), what, options))
    return table((kind[:-1], *([column] if column else []), "what", "options and defaults"), rows)


def described(name: str, option: Option) -> str:
    """An option with its default and what else it may be: `` `rank` 10 (at least 1) ``."""
    low, high, unit = option.range.minimum, option.range.maximum, option.range.unit
    allowed = ", ".join(map(str, option.choices))
    if low is not None or high is not None:
        allowed = f"at most {high}" if low is None else f"at least {low}" if high is None else f"{low} to {high}"
    default = f"{str(option.default).lower() if isinstance(option.default, bool) else option.default} {unit}".strip()
    return f"`{name}` {default}" + (f" ({allowed})" if allowed else "")


def of_studies() -> dict[Path, dict]:
    """The parts of each study's README that it has a place for."""
    found = {}
    for path in sorted(STUDIES.glob("*/README.md")):
        if (path.parent / "statistics" / "directions.csv").is_file():
            text, statistics = path.read_text(encoding="utf-8"), path.parent / "statistics"
            places = {name: make for name, make in study.PARTS.items() if study.BEGIN.format(name) in text}
            found[path] = {name: partial(make, statistics) for name, make in places.items()}
    return found


TABLES = {
    WORKFLOW: {"artifacts": artifacts} | {kind: partial(plugins, kind) for kind in KINDS},
    NEIGHBOURS / "README.md": {"agreement": partial(agreement.correlations, NEIGHBOURS)},
    **of_studies(),
}


def filled(text: str, name: str, made: str) -> str:
    """The text with a table in its place. Raises ValueError if there is no place for it."""
    before, begin, rest = text.partition(study.BEGIN.format(name))
    _, end, after = rest.partition(study.END)
    if not end:
        raise ValueError(f"<!-- generated: {name} --> and <!-- end --> are missing")
    return f"{before}{begin}{made}\n{end}{after}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="folder of a study, which has statistics/directions.csv")
    folder, tables = parser.parse_args().folder, TABLES
    if folder:
        path = folder / "README.md"
        if not path.exists():
            path.write_text(study.new(), encoding="utf-8")
        text = path.read_text(encoding="utf-8")
        places = {name: make for name, make in study.PARTS.items() if study.BEGIN.format(name) in text}
        tables = {path: {name: partial(make, folder / "statistics") for name, make in places.items()}}
    for path, parts in tables.items():
        text = path.read_text(encoding="utf-8")
        for name, make in parts.items():
            text = filled(text, name, make())
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
