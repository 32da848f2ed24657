"""The page of an experiment: what was found, in words, tables and figures, with what made it. It needs no network."""

from collections import Counter
from html import escape

import yaml

from degeneracy.artifacts import store
from degeneracy.experiment import index, paths
from degeneracy.experiment.index import Entry
from degeneracy.experiment.needs import Needs
from degeneracy.report import rows as table
from degeneracy.report.claims import claims, counted
from degeneracy.report.directions import directions
from degeneracy.report.figures import from_page, groups
from degeneracy.report.rows import Row
from degeneracy.report.sections import group_of, listed
from degeneracy.report.template import HOW, PAGE, SCRIPT, STYLE
from degeneracy.statistics.findings import findings

FEW = 3  # sweeps, up to which all are unfolded, and the page holds their figures
VERSIONS = ("degeneracy_version", "git_commit", "torch_version", "numpy_version", "cpu_model")


def page(needs: Needs, config: dict, command: str) -> str:
    """The page as HTML, from the artifacts of an experiment, the configuration it has and the command that runs it."""
    rows = table.read(paths.directions("csv"))
    entries = {str(one.folder): one for one in index.conditions(paths.index())}
    sweeps, found = needs.experiment.sweeps, groups(needs)
    contents = [("findings", "Findings"), ("directions", "All directions")]
    contents += [(f"group-{place}", group.question) for place, group in enumerate(found)] + [
        ("made", "How this was made")
    ]
    parts = [group_of(place, one, needs, entries, len(sweeps) <= FEW) for place, one in enumerate(found)]
    return PAGE.substitute(
        title=escape(", ".join(dict.fromkeys(table.words(sweep.task) for sweep in sweeps.values()))),
        style=STYLE,
        script=SCRIPT,
        lead=escape(_lead(rows, list(entries.values()))),
        contents="".join(f'<li><a href="#{anchor}">{escape(name)}</a></li>' for anchor, name in contents),
        findings=listed(findings(paths.directions("csv"))) + HOW,
        directions=directions(rows) + _links_to_directions(needs),
        groups="\n".join(parts),
        made=_made(config, command),
    )


def _lead(rows: list[Row], conditions: list[Entry]) -> str:
    """How many networks there are, how many converged, and how the comparisons with the paper went."""
    converged, trained = (sum(getattr(one, name) for one in conditions) for name in ("converged", "networks"))
    states = Counter(table.state(row) for row in table.compared(rows))
    changes = ", ".join(f"{count} {state}" for state, count in states.most_common())
    answers = [answer for claim in claims(rows) for answer in claim.answers]
    return " ".join(
        [
            f"{converged} of {trained} networks in {len(conditions)} conditions converged.",
            *([f"Changes of degeneracy: {changes}."] if changes else []),
            *([f"The paper's arrows (Huang et al. 2025): {counted(answers)}."] if answers else []),
        ]
    )


def _links_to_directions(needs: Needs) -> str:
    files = [paths.directions(ending) for ending in ("csv", "nc")]
    files += [one for one in needs.figure_targets() if one == paths.experiment_figure("directions", "pdf")]
    links = ", ".join(f'<a href="{from_page(path)}">{from_page(path)}</a>' for path in files)
    return f'<p class="soft">With all other measures: {links}</p>'


def _made(config: dict, command: str) -> str:
    """The command, the configuration, and the versions behind the table of directions."""
    attributes = store.attributes_of(paths.directions("nc"))
    said = "; ".join(f"{table.words(name)} {attributes[name]}" for name in VERSIONS if name in attributes)
    links = ", ".join(f'<a href="{from_page(path)}">{from_page(path)}</a>' for path in (paths.index(), paths.power()))
    return (
        f"<pre>{escape(command)}</pre><p>{escape(said)} (of the statistics; each artifact names its own, its options "
        f"and inputs). All conditions with their artifacts, and how many networks would show a change: {links}.</p>"
        "<details open><summary>Configuration</summary>"
        f"<pre>{escape(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))}</pre></details>"
    )
