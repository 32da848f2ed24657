"""Do the arrows of a run hold with new seeds? Its networks are split into two studies by their seed, and each is
summarised as if there were no other. Prints each compared row that is robust in one of them.

    snakemake --cores 2 --configfile resources/replication.yaml
    python tests/benchmarks/replication.py --seeds 24
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import xarray as xr

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))

from degeneracy.artifacts import store
from degeneracy.experiment import index, paths
from degeneracy.measurement.schema import MAP, schema_of
from degeneracy.plugins.discovery import Plugin
from degeneracy.statistics import directions
from degeneracy.statistics.paper import UNCLEAR
from degeneracy.statistics.schema import STATISTICS
from degeneracy.statistics.summary import summarise


def part(data: xr.Dataset, keep: np.ndarray) -> xr.Dataset:
    """An artifact of some of its networks."""
    return data.isel({dim: np.flatnonzero(keep) for dim in ("network", "network_other") if dim in data.dims})


def summarised(whole: xr.Dataset, files: list[Path], across: Path, seeds: range) -> xr.Dataset:
    """The statistics artifact `whole` as it would be with these seeds alone, from its metric artifacts and its map."""
    plugin = Plugin("metrics", whole.attrs["metric"])
    data = [store.read(path, schema_of(plugin)) for path in files]
    kept = [np.isin(one["network"].values, seeds) for one in data]
    found = summarise(
        whole["level"].values.tolist(),
        [part(one, keep) for one, keep in zip(data, kept, strict=True)],
        whole.attrs["confidence"],
        plugin.constant("MEASURES"),
        plugin.constant("RANGE", {}),
        part(store.read(across, MAP), np.concatenate(kept)) if across.exists() else None,
    )
    return found.assign_attrs(whole.attrs)


def study(results: Path, seeds: range) -> xr.Dataset:
    """The table of directions of the networks of some seeds."""
    entries, found = index.conditions(results / "index.csv"), []
    for path in sorted(results.glob("statistics/*/*.nc")):
        whole, sweep, metric = store.read(path, STATISTICS), paths.sweep_of(path), paths.name_of(path)
        by_level = {
            entry.options[whole.attrs["factor"]]: entry.metrics[metric] for entry in entries if sweep in entry.sweeps
        }
        files = [by_level[level] for level in whole["level"].values.tolist()]
        found.append((sweep, metric, summarised(whole, files, results / f"maps/{sweep}/{metric}.nc", seeds)))
    return directions.table(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--seeds", type=int, required=True, help="networks of the first study")
    parser.add_argument("--all", action="store_true", help="every compared row, not only those that are robust once")
    arguments = parser.parse_args()
    first, second = (
        study(arguments.results, seeds) for seeds in (range(arguments.seeds), range(arguments.seeds, 10**6))
    )
    robust = reversed_ = 0
    for row in range(first.sizes["row"]):
        one, other = ({name: each[name].values[row].item() for name in each} for each in (first, second))
        if not (one["primary"] or one["preferred"]) or not (arguments.all or one["robust"] or other["robust"]):
            continue
        told = [
            f"{each['percent']:+8.1f}% [{each['percent_low']:+.1f}, {each['percent_high']:+.1f}]"
            f" {'robust' if each['robust'] else each['doubts'] or UNCLEAR}"
            for each in (one, other)
        ]
        print(
            f"{one['sweep']}, {one['metric']}, {one['measure']} (n = {one['n_used']}; {other['n_used']})",
            *told,
            sep="\n    ",
        )
        for each, new in ((one, other), (other, one)):
            robust += bool(each["robust"])
            reversed_ += bool(each["robust"]) and np.sign(each["percent"]) != np.sign(new["percent"])
    print(f"{robust} robust arrows in the two studies; {reversed_} have the other sign in the other study")


if __name__ == "__main__":
    main()
