"""Which metrics ask the same question? Correlations of all metrics, over networks and over populations.

Below the diagonal: the correlation of two metrics over pairs of networks of a population, averaged over populations
(values of networks count as how far two networks differ). It is in bold if a Mantel test, which relabels the networks
of all populations jointly, finds it positive after Holm's correction for all pairs of metrics (p ≤ 5%). Above the
diagonal: the rank correlation of the mean distances over populations that both metrics know, if these are at least
four. So few populations test nothing. A cross says that two metrics cannot be compared. Where there is no room for
digits, a dot stands for bold ones. The tree orders the metrics by average linkage of the correlations over networks.
Colours of names are aspects. The list has the pairs with the largest correlations over networks, with intervals from
the jackknife over networks. Its dots are filled where the matrix is bold.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.cluster.hierarchy import dendrogram, linkage
from scipy.spatial.distance import squareform
from scipy.stats import spearmanr

from degeneracy.drawing import style
from degeneracy.drawing.words import minus
from degeneracy.plugins.contracts import LEVELS
from degeneracy.statistics import mantel

SCOPE = "experiment"
READS = ("metrics",)
LISTED = 18  # pairs of metrics with intervals
LEAST_POPULATIONS = 4
DIGITS = 0.17  # inches: a cell that is smaller has no room for digits
COLOURS = dict(zip(LEVELS, (style.VERMILLION, style.BLUE, style.ORANGE, style.GREEN, "#CC79A7"), strict=True))
MAP = "PuOr_r"


def draw(experiment):
    distances, aspects = populations(experiment)
    rows = mantel.table(distances)
    names = sorted(distances)
    networks = symmetric(names, rows, "correlation")
    order, tree = clustered(networks)
    names, networks = [names[place] for place in order], networks[np.ix_(order, order)]
    clear = symmetric(names, rows, "holm_p") <= 0.05
    listed = sorted((row for row in rows if row["n_networks"]), key=lambda row: -row["correlation"])[:LISTED]
    figure, places = layout(len(names), len(listed))
    across = over_populations([distances[name] for name in names])
    shown = np.where(np.tri(len(names), dtype=bool), networks, across)
    image = matrix(places["matrix"], names, shown, clear)
    for label in (*places["matrix"].get_xticklabels(), *places["matrix"].get_yticklabels()):
        label.set_color(COLOURS[aspects[label.get_text().replace(" ", "_")]])
    figure.colorbar(image, cax=places["bar"], label="correlation (digits: %)", ticks=[-1, -0.5, 0, 0.5, 1])
    branches(places["tree"], tree)
    intervals(places["list"], listed)
    number = max((row["n_networks"] for row in rows), default=0)
    count = max(sum(each is not None for each in own) for own in distances.values())
    notes = [(level, COLOURS[level]) for level in LEVELS if level in aspects.values()]
    above = f"above: over\n{count} populations" if count >= LEAST_POPULATIONS else f"above: none,\n{count} populations"
    notes += [(line, "black") for line in ("", f"below: over\n{number} networks", "", above)]
    for place, (text, colour) in enumerate(notes):
        places["bar"].text(0, -0.15 - 0.1 * place, text, color=colour, fontsize=6, transform=places["bar"].transAxes)
    return figure


def layout(metrics: int, listed: int):
    """A figure with places for the tree, the matrix, its colour bar, and the list of pairs below them."""
    side, rows = min(0.3, 4.6 / metrics) * metrics, 0.13 * listed + 0.1
    height = 0.5 + side + 1.5 + rows + 0.5
    figure = plt.figure(figsize=(style.PAGE, height))
    figure.set_layout_engine("none")

    def place(left: float, top: float, width: float, tall: float, **kwargs):
        across = (left / style.PAGE, width / style.PAGE)
        return figure.add_axes((across[0], 1 - (top + tall) / height, across[1], tall / height), **kwargs)

    grid = place(1.7, 0.5, side, side)
    return figure, {
        "tree": place(1.7, 0.1, side, 0.38, sharex=grid),
        "matrix": grid,
        "bar": place(1.8 + side, 0.5, 0.1, min(side, 1.3)),
        "list": place(3.1, side + 2.0, 3.2, rows),
    }


def populations(experiment) -> tuple[dict[str, list], dict[str, str]]:
    """Distances (network, network) of the converged networks of each population, None where there are none, by metric;
    and the aspect of each metric. A condition of two sweeps is one population."""
    found: dict[str, dict[str, np.ndarray]] = {}
    aspects = {}
    for sweep in experiment.sweeps.values():
        for name, levels in sweep.metrics.items():
            for data in levels.values():
                found.setdefault(name, {})[data.attrs["condition"]] = mantel.of_converged(data)
                aspects[name] = data.attrs["level"]
    conditions = list(dict.fromkeys(condition for own in found.values() for condition in own))
    return {name: [own.get(condition) for condition in conditions] for name, own in found.items()}, aspects


def symmetric(names: list[str], rows: list[dict], key: str) -> np.ndarray:
    """What the rows of pairs of metrics say (metric, metric); NaN on the diagonal."""
    matrix = np.full([len(names)] * 2, np.nan)
    for row in rows:
        one, other = names.index(row["metric"]), names.index(row["other_metric"])
        matrix[one, other] = matrix[other, one] = row[key]
    return matrix


def clustered(correlation: np.ndarray) -> tuple[list[int], dict | None]:
    """Order of the metrics by average linkage of 1 − correlation, and the tree; unknown correlations count as 0."""
    if len(correlation) < 3:
        return list(range(len(correlation))), None
    apart = 1 - np.minimum(np.where(np.isnan(correlation), 0, correlation), 1)
    np.fill_diagonal(apart, 0)
    tree = dendrogram(linkage(squareform(apart, checks=False), "average", optimal_ordering=True), no_plot=True)
    return tree["leaves"], tree


def over_populations(distances: list[list]) -> np.ndarray:
    """Rank correlation (metric, metric) of the mean distances over populations that have both; NaN for too few."""
    means = np.array([[np.nan if each is None else mean_of(each) for each in own] for own in distances])
    found = np.full([len(means)] * 2, np.nan)
    for one, other in np.ndindex(found.shape):
        known = np.isfinite(means[one] + means[other])
        if known.sum() >= LEAST_POPULATIONS and all(np.ptp(means[each, known]) > 0 for each in (one, other)):
            found[one, other] = spearmanr(means[one, known], means[other, known])[0]
    return found


def mean_of(distance: np.ndarray) -> float:
    """Mean known distance between two networks; NaN if none is known."""
    pairs = distance[np.triu_indices(len(distance), 1)]
    known = pairs[np.isfinite(pairs)]
    return float(known.mean()) if len(known) else np.nan


def matrix(axis, names: list[str], shown: np.ndarray, clear: np.ndarray):
    """Draw correlations with their digits, in bold below the diagonal where they are clear; crosses are unknown."""
    count, across = len(names), np.isfinite(shown[np.triu_indices(len(names), 1)]).any()
    room = axis.get_position().width * style.PAGE / count > DIGITS
    image = axis.imshow(shown, cmap=MAP, vmin=-1, vmax=1)
    for row, column in np.ndindex(count, count):
        value = shown[row, column]
        if np.isnan(value):
            if row > column or (row < column and across):
                axis.plot(column, row, "x", color="0.8", markersize=3)
            continue
        colour = "white" if abs(value) > 0.6 else "black"
        bold = row > column and clear[row, column]
        text = minus(f"{round(100 * value)}") if room else "•" if bold else ""
        weight = "bold" if bold else "normal"
        axis.text(column, row, text, ha="center", va="center", fontsize=6, color=colour, fontweight=weight)
    labels = [name.replace("_", " ") for name in names]
    axis.set_yticks(range(count), labels, fontsize=6)
    axis.set_xticks(range(count), labels, fontsize=6, rotation=90)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    return image


def branches(axis, tree: dict | None) -> None:
    """Draw the tree of the metrics over the columns of the matrix."""
    axis.axis("off")
    for places, heights in zip(tree["icoord"], tree["dcoord"], strict=True) if tree else ():
        axis.plot((np.array(places) - 5) / 10, heights, color="0.4", linewidth=0.6)


def intervals(axis, rows: list[dict]) -> None:
    """Draw the correlations of pairs of metrics with their intervals, the largest on top."""
    for place, row in enumerate(rows):
        axis.plot([row["low"], row["high"]], [place, place], color=style.GREY, linewidth=0.9)
        fill = style.BLUE if row["holm_p"] <= 0.05 else "white"
        axis.plot(row["correlation"], place, "o", color=style.BLUE, markerfacecolor=fill, markersize=3.5)
    labels = [f"{row['metric']} · {row['other_metric']}".replace("_", " ") for row in rows]
    axis.set_yticks(range(len(rows)), labels, fontsize=6)
    axis.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    axis.axvline(0, color="0.3", linewidth=0.6, zorder=0)
    axis.set(xlabel="correlation over networks", xlim=(-1.02, 1.02))
