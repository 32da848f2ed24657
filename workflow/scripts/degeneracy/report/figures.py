"""The figures of an experiment by question, each with its caption, its numbers of networks and where its data lie."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from degeneracy.drawing.caption import caption
from degeneracy.experiment import paths
from degeneracy.experiment.needs import Needs
from degeneracy.experiment.sweeps import Sweep
from degeneracy.plugins.contracts import COMPLEXITY
from degeneracy.statistics.paper import OTHER, paper_factor

QUESTIONS = {
    "": "All sweeps side by side",
    COMPLEXITY: "Does task complexity change degeneracy?",
    "feature learning": "Does the strength of feature learning change degeneracy?",
    "width": "Does the width of the networks change degeneracy?",
    "regularisation": "Does regularisation change degeneracy?",
    OTHER: "Does something else change degeneracy?",
}
FIRST = (
    "summary",
    "sensitivity",
    "dynamics_profile",
    "training_progress",
    "fixed_points",
    "stability",
    "trajectories",
    "example_trial",
)
TABLED, MAPPED = "directions", "map"  # the figures that the page has as a table, and as its own map


@dataclass(frozen=True)
class Shown:
    """A figure: its files and those of its data as seen from the page, its name, title, caption, and sweeps."""

    png: str
    pdf: str
    name: str
    title: str
    caption: str
    data: list[str]
    sweeps: list[Sweep]


@dataclass(frozen=True)
class Section:
    """A sweep: its figures, those of one metric by metric, and its maps."""

    sweep: Sweep
    figures: list[Shown]
    by_metric: dict[str, list[Shown]]
    maps: dict[str, str]  # metric: path
    of_maps: list[Shown]  # other figures of these maps


@dataclass
class Group:
    """All that answers a question: figures of several sweeps, and the sweeps."""

    question: str
    figures: list[Shown] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)


def groups(needs: Needs) -> list[Group]:
    """Everything that the experiment draws, by question; questions that it does not ask are left out."""
    found = {factor: Group(question) for factor, question in QUESTIONS.items()}
    sweeps = needs.experiment.sweeps
    roles = {name: paper_factor(sweep.task, sweep.factor) for name, sweep in sweeps.items()}
    for name, contract in needs.figures.items():
        drawn = needs.drawn_sweeps(name) if contract.scope == "experiment" and name != TABLED else {}
        if drawn:
            role = {roles[sweep] for sweep in drawn}
            found[role.pop() if len(role) == 1 else ""].figures.append(_experiment_figure(name, needs))
    for name, sweep in sweeps.items():
        found[roles[name]].sections.append(section(needs, sweep))
    return [group for group in found.values() if group.figures or group.sections]


def section(needs: Needs, sweep: Sweep) -> Section:
    """What is drawn of one sweep."""

    def place(name: str) -> tuple[int, str]:
        return (FIRST.index(name) if name in FIRST else len(FIRST), name)

    figures = [_sweep_figure(name, needs, sweep) for name in sorted(needs.figures_of(sweep, "sweep"), key=place)]
    by_metric = {
        metric: [_sweep_figure(name, needs, sweep, metric) for name in needs.figures_of(sweep, "metric")]
        for metric in needs.metrics(sweep)
    }
    own = [name for name in needs.maps(sweep) if name not in needs.experiment.variants]
    maps = {name: paths.network_map(sweep.name, name) for name in own}
    names = [name for name in needs.figures_of(sweep, "map") if name != MAPPED]
    of_maps = [_sweep_figure(name, needs, sweep, metric) for name in names for metric in own]
    return Section(sweep, figures, by_metric, maps, of_maps)


def _experiment_figure(name: str, needs: Needs) -> Shown:
    files = [paths.experiment_figure(name, ending) for ending in ("png", "pdf")]
    sweeps = [needs.experiment.sweeps[sweep] for sweep in needs.drawn_sweeps(name)]
    return _shown(name, files, needs.figure_inputs(name), sweeps)


def _sweep_figure(name: str, needs: Needs, sweep: Sweep, metric: str = "") -> Shown:
    if metric:
        files = [paths.metric_figure(sweep.name, metric, name, ending) for ending in ("png", "pdf")]
    else:
        files = [paths.figure(sweep.name, name, ending) for ending in ("png", "pdf")]
    shown = _shown(name, files, needs.figure_inputs(name, sweep.name, metric or None), [sweep])
    return replace(shown, title=f"{metric.replace('_', ' ')}: {shown.title}") if metric else shown


def _shown(name: str, files: list[str], data: list[str], sweeps: list[Sweep]) -> Shown:
    title, _, rest = (" ".join(part.split()) for part in caption(name).partition("\n\n"))
    png, pdf = map(from_page, files)
    return Shown(png, pdf, name, title, rest, [from_page(path) for path in data], sweeps)


def from_page(path: str) -> str:
    """A path of an artifact, as a link of the page has it."""
    return Path(path).relative_to(Path(paths.page()).parent).as_posix()
