"""The map of the networks of a sweep as inline SVG: a point a network, which says what it is when it is pointed at."""

from html import escape

import netCDF4
import numpy as np

from degeneracy.artifacts import store
from degeneracy.experiment.needs import Needs
from degeneracy.experiment.sweeps import Sweep
from degeneracy.measurement.schema import MAP, NETWORK_METRIC
from degeneracy.status import Status

SIZE, MARGIN = 420, 24  # of the picture, in its own units
COUNTS = "fixed_point_counts"
NOTE = "Networks that are close are similar (multidimensional scaling of the distances). Open circles did not converge."
# viridis without its pale end: from dark to light, distinct for colour-blind readers
SHADES = ("#440154", "#414487", "#2a788e", "#22a884", "#7ad151")


def colours(levels: list) -> dict:
    """One colour per level, in their order."""
    places = np.linspace(0, len(SHADES) - 1, len(levels)).round().astype(int)
    if len(levels) <= len(SHADES):
        return {level: SHADES[place] for level, place in zip(levels, places, strict=True)}
    return {level: SHADES[index % len(SHADES)] for index, level in enumerate(levels)}


def svg(needs: Needs, sweep: Sweep, path: str) -> str:
    """The map at a path, with a legend of its levels. What a point says is in `data-says`, and in its `<title>`."""
    data = store.read(path, MAP)
    place, names = data["position"].values, data["level"].values.tolist()
    known = np.isfinite(place).all(1)
    if not known.any():
        return ""
    levels = list(dict.fromkeys(names))
    shades, told = colours(levels), told_of_networks(needs, sweep)
    factor = factor_of(sweep)
    low = place[known].min(0)
    span = float(np.ptp(place[known], axis=0).max()) or 1.0
    shift = (span - np.ptp(place[known], axis=0)) / 2
    points = []
    for network in np.flatnonzero(known):
        x, y = MARGIN + (place[network] - low + shift) / span * (SIZE - 2 * MARGIN)
        level, seed = names[network], int(data["seed"].values[network])
        says = [
            f"{factor} {shown(level)}, seed {seed}",
            *told.get((levels.index(level), seed), []),
            nearest(data, network),
        ]
        text, shade = escape("\n".join(filter(None, says))), shades[level]
        fill = shade if data["status"].values[network] == Status.CONVERGED else "none"
        points.append(
            f'<circle tabindex="0" cx="{x:.1f}" cy="{SIZE - y:.1f}" r="6" fill="{fill}" stroke="{shade}" '
            f'stroke-width="1.5" data-says="{text}"><title>{text}</title></circle>'
        )
    legend = "".join(f'<span><i style="background:{shades[one]}"></i>{factor} {shown(one)}</span>' for one in levels)
    return (
        f'<svg viewBox="0 0 {SIZE} {SIZE}" role="group" aria-label="map of {known.sum()} networks">'
        f'{"".join(points)}</svg><div><p class="legend">{legend}</p><pre class="says" aria-live="polite"></pre>'
        f'<p class="soft">{NOTE}</p></div>'
    )


def factor_of(sweep: Sweep) -> str:
    """The factor of a sweep in words."""
    return sweep.factor.partition(".")[2].replace("_", " ")


def shown(level) -> str:
    """A level as the configuration writes it."""
    return escape(str(level).lower() if isinstance(level, bool | np.bool_) else str(level))


def nearest(data, network: int) -> str:
    """The most similar network, with its distance."""
    distances = data["distance"].values[network].copy()
    distances[network] = np.nan
    if not np.isfinite(distances).any():
        return ""
    other = int(np.nanargmin(distances))
    level, seed = data["level"].values.tolist()[other], int(data["seed"].values[other])
    return f"most similar: {shown(level)}, seed {seed}, at {distances[other]:.3g}"


def told_of_networks(needs: Needs, sweep: Sweep) -> dict[tuple[int, int], list[str]]:
    """What is known of each network, by place of its level and seed: outcome and loss of training, fixed points."""
    told: dict[tuple[int, int], list[str]] = {}
    counts = needs.metric(sweep, COUNTS) if COUNTS in needs.metrics(sweep) else []
    for level, condition in enumerate(sweep.conditions):
        for path in needs.networks(condition):
            with netCDF4.Dataset(path) as file:
                seeds, losses, status = (file[name][:].tolist() for name in ("network", "final_loss", "status"))
            for seed, loss, outcome in zip(seeds, losses, status, strict=True):
                words = Status(outcome).name.lower().replace("_", " ")
                told[level, seed] = [f"{words}, training loss {loss:.2g}" if np.isfinite(loss) else words]
        for path in counts[level : level + 1]:
            data = store.read(path, NETWORK_METRIC)
            found = (data[name].values.tolist() for name in ("network", "value", "stable"))
            for seed, count, stable in zip(*found, strict=True):
                if np.isfinite(count):
                    told[level, seed].append(f"{count:.0f} fixed points, {stable:.0f} of them stable")
    return told
