"""What makes what stale: edits of a copy of the project, and the rules whose results each of them outdates.

`table` writes this for people; `workflow/README.md` holds it, and a test compares them. To print it:

    python tests/workflow/test_staleness.py
"""

import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from conftest import ROOT, SCRIPTS
from degeneracy.plugins import code_hash, discovery, normal_form
from degeneracy.plugins.discovery import Plugin
from runs import planned

TASK, CELL, METRIC, FIGURE = (
    ("tasks", "flip_flop"),
    ("cells", "vanilla"),
    ("metrics", "permutation_distance"),
    ("figures", "loss_curves"),
)
RULES = {  # rule: its script, and the plug-ins it loads
    "generate_trials": ("generate_trials.py", TASK),
    "compute_complexity": ("compute_complexity.py",),
    "train_networks": ("train_networks.py", TASK, CELL),
    "find_fixed_points": ("find_fixed_points.py", TASK, CELL),
    "compute_metric": ("compute_metric.py", TASK, CELL, METRIC),
    "compute_map": ("compute_map.py", TASK, CELL, METRIC),
    "compute_statistics": ("compute_statistics.py",),
    "compute_directions": ("compute_directions.py", TASK),
    "compute_power": ("compute_power.py",),
    "compute_mantel": ("compute_mantel.py",),
    "draw_figure": ("draw_figure.py", FIGURE),
}
TRAINING, MEASURING = ("train_networks",), ("compute_metric", "compute_map")


class Edit(NamedTuple):
    """An edit in words, the files it is made in, what it replaces (a pattern) by what, and the rules it outdates."""

    words: str
    files: str
    old: str
    new: str
    stale: tuple[str, ...] = ()


# fmt: off
EDITS = [
    Edit("a comment", "**/*.py", r"\A", "# now\n"),
    Edit("a docstring, and with it the caption of a figure", "**/*.py", r'"""(?=\w)', '"""Now '),
    Edit("the text of an error", "**/*.py", r'(raise \w+\(\s*f?)"', r'\1"Now: '),
    Edit("a line of a log", "**/*.py", r'\b((?:report|print)\(f?)"', r'\1"Now: '),
    Edit("the help of a script", "*.py", r'help="', 'help="now '),
    Edit("how files are written and read (`artifacts/`)",
         "degeneracy/artifacts/atomic.py", r"os\.replace", "os.rename"),
    Edit("how a script ends (`command.py`)", "degeneracy/command.py", r"128 \+", "129 +"),
    Edit("how plug-ins are found and checked (`plugins/`)", "degeneracy/plugins/options.py", r"0\.5", "0.6"),
    Edit("how compiled code is cached (`compilation.py`)",
         "degeneracy/compilation.py", r"suppress\(OSError\)", "suppress(Exception)"),
    Edit("how the configuration is checked (`experiment/validation.py`)",
         "degeneracy/experiment/validation.py", r"isinstance\(sweeps, dict\)", "(type(sweeps) is dict)"),
    Edit("a backend that runs on a GPU alone", "degeneracy/networks/backends/fused*.py", r"= 32\b", "= 64"),
    Edit("which networks and checkpoints are reused (`networks/trained.py`, `checkpoints.py`)",
         "degeneracy/networks/trained.py", r"sorted\(folder", "list(folder"),
    Edit("the compiled backend", "degeneracy/networks/backends/compiled.py", r"FLOAT\(7\.9", "FLOAT(7.8", TRAINING),
    Edit("the optimiser", "degeneracy/networks/optimiser.py", r"IMPROVEMENT = \S+", "IMPROVEMENT = 2.0", TRAINING),
    Edit("a task", "degeneracy/tasks/flip_flop.py", r"-1\.0, 1\.0", "-2.0, 2.0",
         ("generate_trials", *TRAINING, "find_fixed_points", *MEASURING, "compute_directions")),
    Edit("a cell", "degeneracy/cells/vanilla.py", r"(return .*)", r"\1 or {}",
         (*TRAINING, "find_fixed_points", *MEASURING)),
    Edit("what cells share", "degeneracy/cells/_rates.py", r"keep = 0\.0", "keep = 0.1",
         (*TRAINING, "find_fixed_points", *MEASURING)),
    Edit("how the complexity of a task is measured", "degeneracy/trials/complexity.py", r"SHARE = \S+", "SHARE = 0.5",
         ("compute_complexity",)),
    Edit("how a population is read (`networks/population.py`)",
         "degeneracy/networks/population.py", r'join="outer"', 'join="inner"',
         ("find_fixed_points", *MEASURING, "draw_figure")),
    Edit("the search for fixed points", "degeneracy/fixed_points/merge.py", r"\bnp\.(\w)", r"np.linalg.\1",
         ("find_fixed_points",)),
    Edit("a metric", "degeneracy/metrics/permutation_distance.py", r"(return .*)", r"\1 + 0", MEASURING),
    Edit("a solver that the metric uses", "degeneracy/solvers/permutation/matching.py", r"\bnp\.(\w)", r"np.linalg.\1",
         MEASURING),
    Edit("the schema of metrics", "degeneracy/measurement/schema.py", r'"network",\)', '"networks",)',
         (*MEASURING, "compute_statistics", "compute_mantel", "draw_figure")),
    Edit("the schema of statistics", "degeneracy/statistics/schema.py", r'INTEGER, "', 'INTEGER, "now ',
         ("compute_statistics", "compute_directions", "compute_power", "draw_figure")),
    Edit("how degeneracy is summarised", "degeneracy/statistics/summary.py", r"\bnp\.(\w)", r"np.linalg.\1",
         ("compute_statistics",)),
    Edit("the paper's findings", "degeneracy/statistics/paper.py", r'"width"', '"size"', ("compute_directions",)),
    Edit("a figure", "degeneracy/figures/loss_curves.py", r"linewidth=", "alpha=", ("draw_figure",)),
    Edit("the style of figures", "degeneracy/drawing/style.py", r'"font\.size": 8', '"font.size": 9', ("draw_figure",)),
]
# fmt: on
HARMLESS = [edit for edit in EDITS if not edit.stale]
AFTER_TRAINING = [edit for edit in EDITS if edit.stale and "train_networks" not in edit.stale]


def table() -> str:
    """The edits and what they outdate, as a table in Markdown."""
    rows = ["| edit of | outdates, with what follows from it |", "|---|---|"]
    for edit in EDITS:
        stale = ", ".join(f"`{rule}`" for rule in edit.stale) or "nothing"
        rows.append(f"| {edit.words} | {stale} |")
    return "\n".join(rows)


def apply(edit: Edit, scripts: Path) -> None:
    changed = 0
    for path in scripts.glob(edit.files):
        text = path.read_text(encoding="utf-8")
        edited, count = re.subn(edit.old, edit.new, text)
        path.write_text(edited, encoding="utf-8")
        changed += count
    assert changed, f"{edit.words}: there is no {edit.old} in {edit.files}"


def forget() -> None:
    """Read source files anew from now on."""
    for cached in (discovery.parsed, normal_form.statements, code_hash._imports, code_hash.code_hash):
        cached.cache_clear()


def hashes(scripts: Path) -> dict[str, str]:
    """Hash of the code of each rule."""
    forget()
    return {
        rule: code_hash.code_hash(scripts / script, *(Plugin(*plugin).source for plugin in plugins))
        for rule, (script, *plugins) in RULES.items()
    }


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    """A copy of the scripts whose code is hashed."""
    copy = shutil.copytree(SCRIPTS, tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(discovery, "PACKAGE", copy / "degeneracy")
    yield copy
    monkeypatch.undo()
    forget()


@pytest.fixture(scope="module")
def before():
    return hashes(SCRIPTS)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.words)
def test_an_edit_outdates_only_what_it_can_change(edit, before, scripts):
    apply(edit, scripts)
    after = hashes(scripts)
    assert {rule for rule in RULES if after[rule] != before[rule]} == set(edit.stale)


def test_snakemake_plans_what_is_stale_and_no_more(finished, tmp_path):
    project = shutil.copytree(finished, tmp_path / "project")
    scripts = project / "workflow" / "scripts"
    for edit in HARMLESS:
        apply(edit, scripts)
    assert planned(project) == {}
    for edit in AFTER_TRAINING:
        apply(edit, scripts)
    jobs = planned(project)
    assert {"find_fixed_points", "compute_metric", "compute_statistics", "draw_figure"} <= jobs.keys()
    assert not {"train_networks", "generate_trials"} & jobs.keys()
    apply(next(edit for edit in EDITS if edit.stale == TRAINING), scripts)
    jobs = planned(project)
    assert "train_networks" in jobs and "generate_trials" not in jobs


def test_the_documentation_says_what_makes_what_stale():
    assert any(table() in path.read_text(encoding="utf-8") for path in (ROOT / "workflow").glob("*.md*"))


if __name__ == "__main__":
    print(table())
