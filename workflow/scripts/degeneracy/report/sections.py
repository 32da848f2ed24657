"""The figures on the page as HTML: a part for each question, and in it one for each sweep."""

import base64
import json
from html import escape
from pathlib import Path

from degeneracy.experiment import paths
from degeneracy.experiment.index import Entry
from degeneracy.experiment.needs import Needs
from degeneracy.report import network_map
from degeneracy.report import rows as table
from degeneracy.report.figures import Group, Section, Shown, from_page
from degeneracy.statistics.findings import findings

MANY = 12  # files, from which on a figure names their folders
SCALE = 0.72  # of a picture on the page: text of 7 points is as large as that beside it


def group_of(place: int, group: Group, needs: Needs, entries: dict[str, Entry], unfolded: bool) -> str:
    """A question: what shows several sweeps side by side, and each sweep by itself."""
    figures = "".join(_figure(shown, converged(shown.sweeps, entries)) for shown in group.figures)
    sections = "".join(_section(one, needs, entries, unfolded) for one in group.sections)
    parts = figures + sections if len(group.sections) > 1 else sections + figures
    return f'<h2 id="group-{place}">{escape(group.question)}</h2>{parts}'


def converged(sweeps: list, entries: dict[str, Entry]) -> str:
    """How many networks of some sweeps converged: at each level of one, in all conditions of several."""
    own = [entries[f"{paths.RESULTS}/{one.task}/{one.name}"] for sweep in sweeps for one in sweep.conditions]
    if len(sweeps) == 1:
        counts = [f"{one.converged} of {one.networks}" for one in own]
        return f"n = {', '.join(counts)} networks converged" + (", level by level" if len(own) > 1 else "")
    distinct = {str(one.folder): one for one in own}.values()
    return f"n = {sum(one.converged for one in distinct)} of {sum(one.networks for one in distinct)} networks converged"


def listed(sentences: list[str]) -> str:
    items = (escape(table.minus_of_numbers(table.words(one))) for one in sentences)
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def _section(section: Section, needs: Needs, entries: dict[str, Entry], unfolded: bool) -> str:
    """A sweep: its findings, its maps, its figures, and links to those of each metric."""
    sweep = section.sweep
    levels = ", ".join(network_map.shown(level) for level in json.loads(sweep.levels_json))
    count = converged([sweep], entries)
    first, *others = [_figure(shown, count, unfolded) for shown in section.figures] or [""]
    others = [*(_figure(shown, count, unfolded) for shown in section.of_maps), *others]
    said = listed(findings(paths.directions("csv"), sweep.name)) if len(needs.experiment.sweeps) > 1 else ""
    links = "".join(_links(metric, shown) for metric, shown in section.by_metric.items() if shown)
    alone = f"<h3>Each metric by itself</h3><ul>{links}</ul>" if links else ""
    return (
        f'<details class="sweep" id="{escape(sweep.name)}"{" open" if unfolded else ""}>'
        f"<summary>{escape(table.words(sweep.task))}: {escape(network_map.factor_of(sweep))} {levels}</summary>"
        f'{said}<p class="soft">{count}.</p>{first}{_maps(section, needs)}{"".join(others)}{alone}</details>'
    )


def _maps(section: Section, needs: Needs) -> str:
    """The maps of a sweep, which say of each network what it is."""
    drawn = []
    for metric, path in section.maps.items():
        if picture := network_map.svg(needs, section.sweep, path):
            link = f'<a href="{escape(from_page(path))}">data</a>'
            drawn.append(f'<div class="map"><h3>Map: {escape(table.words(metric))} ({link})</h3>{picture}</div>')
    return "".join(drawn)


def _figure(shown: Shown, count: str, held: bool = True) -> str:
    """A figure with its title, its caption, how many networks it shows, its data and the command that draws it.

    The page holds its picture, or shows that of the file beside it.
    """
    picture = (Path(paths.RESULTS) / shown.png).read_bytes()
    source = f"data:image/png;base64,{base64.b64encode(picture).decode()}" if held else escape(shown.png)
    width = SCALE * int.from_bytes(picture[16:20])  # which a PNG has in its header
    folders = sorted({f"{Path(path).parent}/" for path in shown.data})
    files = shown.data if len(shown.data) <= MANY else folders
    data = ", ".join(f'<a href="{escape(path)}">{escape(path)}</a>' for path in files)
    return (
        f'<figure><div class="wide"><img src="{source}" loading="lazy" alt="{escape(shown.title)}" width="{width:.0f}">'
        f"</div><figcaption><b>{escape(shown.title)}</b> {escape(shown.caption)} {count}. "
        f'<a href="{escape(shown.pdf)}">pdf</a><details><summary>data and command</summary>{data}'
        f"<pre>snakemake --cores 1 -- {escape(f'{paths.RESULTS}/{shown.pdf}')}</pre></details></figcaption></figure>"
    )


def _links(metric: str, figures: list[Shown]) -> str:
    drawn = ", ".join(f'<a href="{escape(one.pdf)}">{escape(table.words(one.name))}</a>' for one in figures)
    files = dict.fromkeys(path for one in figures for path in one.data)
    data = ", ".join(f'<a href="{escape(path)}">{escape(Path(path).name)}</a>' for path in files)
    return f"<li>{escape(table.words(metric))}: {drawn}; data: {data}</li>"
