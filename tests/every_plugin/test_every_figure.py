"""Every figure, because its file is there: it is drawn from artifacts of a tiny experiment, and has a caption.

The artifacts are those of a sweep with two levels, made by the scripts of the workflow. To each figure the sweep is
given as one of the task and the factor that the figure is for.
"""

import importlib
import sys
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from conftest import make_condition
from degeneracy.drawing import style, sweeps
from degeneracy.drawing.caption import caption
from degeneracy.drawing.figure import draw
from degeneracy.experiment.condition import dumps
from degeneracy.plugins.contracts import COMPLEXITY
from degeneracy.plugins.discovery import Plugin, names
from degeneracy.plugins.figure_contract import figure_contract
from populations import FIND

pytestmark = pytest.mark.xdist_group("every_figure")  # its fixtures are costly: one worker makes them

FIGURES = names("figures")
LEVELS = (2, 3)
FACTOR = "task.channels"
ALWAYS = {"ood_loss", "dsa"}  # a metric of one network and one of pairs, for figures of any metric
every_figure = pytest.mark.parametrize("name", FIGURES)


def run(script: str, *arguments) -> None:
    """Run a script of the workflow in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [script, *map(str, arguments)])
        importlib.import_module(script).main()


def artifacts_of_level(level: int, metrics: list[str]) -> dict[str, Path]:
    """Artifacts of a condition by kind, and its metrics by their names."""
    condition = dumps(make_condition(task={"channels": level}, training={"threshold": 10.0, "snapshots": [5.0]}))
    made = {kind: Path(str(level), f"{kind}.nc") for kind in ("trials", "networks", "fixed_points", *metrics)}
    Path(str(level)).mkdir()
    device = ("--device", "cpu")
    run("generate_trials", "--condition", condition, "--output", made["trials"])
    given = ("--condition", condition, "--seeds", 0, 1)
    run("train_networks", *given, *device, "--output", made["networks"])
    given = ("--networks", made["networks"], "--trials", made["trials"])
    run("find_fixed_points", *given, "--options", dumps(FIND), *device, "--output", made["fixed_points"])
    for metric in metrics:
        points = ("--fixed-points", made["fixed_points"]) if Plugin("metrics", metric).constant("USES") else ()
        run("compute_metric", metric, *given, *points, *device, "--output", made[metric])
    return made


@pytest.fixture(scope="module")
def metrics(request):
    """Metrics of the figures that this run of the tests draws."""
    chosen = {item.callspec.params["name"] for item in request.session.items if item.path == request.path}
    return sorted(ALWAYS.union(*(figure_contract(name).metrics for name in chosen)))


@pytest.fixture(scope="module")
def paths(metrics, tmp_path_factory):
    """Paths of the artifacts of the sweep: by kind one a level, and of each metric its statistics and its map."""
    with chdir(tmp_path_factory.mktemp("every_figure")):
        levels = [artifacts_of_level(level, metrics) for level in LEVELS]
        made = {kind: [Path(one[kind]).absolute() for one in levels] for kind in levels[0]}
        for metric in metrics:
            output = Path("statistics", "channels", f"{metric}.nc").absolute()
            output.parent.mkdir(parents=True, exist_ok=True)
            run("compute_statistics", metric, "--factor", FACTOR, "--metrics", *made[metric], "--output", output)
            made |= {f"statistics {metric}": [output], f"metrics {metric}": made[metric]}
            if "features" in Plugin("metrics", metric).functions:
                output = Path("maps", "channels", f"{metric}.nc").absolute()
                output.parent.mkdir(parents=True, exist_ok=True)
                given = ("--networks", *made["networks"], "--trials", *made["trials"], "--metrics", *made[metric])
                run("compute_map", metric, "--factor", FACTOR, *given, "--output", output)
                made[f"map {metric}"] = [output]
        statistics = [path for key, own in made.items() if key.startswith("statistics") for path in own]
        table = Path("directions.nc").absolute()
        run("compute_directions", "--statistics", *statistics, "--output", table, "--table", "directions.csv")
    return made | {"directions": [table]}


def artifacts(paths: dict, reads: tuple, metrics) -> list[str]:
    """Artifacts of the kinds that a figure reads, of some metrics."""
    kinds = [key for kind in reads for key in (kind, *(f"{kind} {metric}" for metric in metrics))]
    return [str(path) for kind in kinds for path in paths.get(kind, ()) if kind != "directions"]


def shown(contract, paths: dict, metrics) -> sweeps.SweepArtifacts:
    """The sweep with what a figure reads, as one of the task and the factor that the figure is for."""
    read = artifacts(paths, contract.reads, metrics)
    found = sweeps.load("channels", FACTOR, read) if read else sweeps.SweepArtifacts("channels", "flip_flop", FACTOR)
    factor = next((factor for factor in contract.factors if factor != COMPLEXITY), FACTOR)
    if contract.one_a_task:
        first = dict(list(found.populations.items())[:1])
        found = replace(found, populations=first)
    return replace(found, task=(*contract.tasks, found.task)[0], factor=factor)


def drawings(name: str, paths: dict) -> list:
    """What a figure is given each time it is drawn: of each metric, of each map, or once."""
    contract = figure_contract(name)
    chosen = contract.metrics or ("ood_loss", "dsa")
    if contract.scope in ("metric", "map"):
        kind = {"metric": "statistics", "map": "map"}[contract.scope]
        return [shown(contract, paths, [metric]) for metric in chosen if f"{kind} {metric}" in paths]
    sweep = shown(contract, paths, chosen)
    (table,) = paths["directions"] if "directions" in contract.reads else (None,)
    experiment = sweeps.load_experiment({"directions": str(table)} if table else {})
    if contract.scope == "sweep":
        return [replace(sweep, directions=experiment.directions)]
    return [replace(experiment, sweeps={sweep.name: sweep})]


@every_figure
def test_a_figure_is_drawn_and_closed(name, paths, tmp_path):
    before, drawn = set(plt.get_fignums()), drawings(name, paths)
    assert drawn
    for number, given in enumerate(drawn):
        with style.applied():
            figure = draw(name, given)
            assert isinstance(figure, Figure)
            assert any(axis.has_data() for axis in figure.axes)
            style.save(figure, [tmp_path / f"{number}.png", tmp_path / f"{number}.pdf"])
        assert (tmp_path / f"{number}.png").stat().st_size > 1000
        wide, high = 25.4 * figure.get_size_inches()
        assert round(wide) in (89, 183) and high <= 247  # mm: a column or a page wide, and at most a page high
        letters = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
        assert min(text.get_fontsize() for text in letters) >= 6
        fonts = [part for part in (tmp_path / f"{number}.pdf").read_bytes().split(b"endobj") if b"/FontName" in part]
        assert fonts and all(b"/FontFile2" in font for font in fonts)  # embedded, as TrueType
    assert set(plt.get_fignums()) == before


@every_figure
def test_a_figure_has_a_title_and_a_caption(name):
    title, _, text = caption(name).partition("\n\n")
    assert title.strip().endswith((".", "?")) and text.strip().endswith(".")
