"""Flip single bits of artifacts at random, and count how often a reader takes other contents for good.

`python tests/benchmarks/bit_flips.py --flips 2000` makes a small experiment with every kind of artifact. Each flip is
in a random bit of a random file of a random kind. A process of its own reads the file: if HDF5 crashes or hangs on it,
the file counts as refused. A flip that changes nothing that is read (in bytes that HDF5 leaves unused) is no fault.
"""

import argparse
import multiprocessing
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import xarray as xr
import yaml

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from conftest import TINY
from degeneracy.artifacts import store
from degeneracy.artifacts.schema import ArtifactError
from degeneracy.fixed_points.schema import FIXED_POINTS
from degeneracy.measurement.schema import MAP, NETWORK_METRIC, PAIR_METRIC
from degeneracy.networks.schema import NETWORKS
from degeneracy.statistics.schema import DIRECTIONS, STATISTICS
from degeneracy.trials.schema import COMPLEXITY, TRIALS
from runs import clean_copy, snakemake

SCHEMAS = {
    schema.kind: schema
    for schema in (
        *(TRIALS, COMPLEXITY, NETWORKS, FIXED_POINTS, NETWORK_METRIC, PAIR_METRIC, MAP, STATISTICS, DIRECTIONS),
    )
}
EVERY_KIND = TINY | {"maps": ["dsa"], "figures": ["map"]}
LONGEST = 30.0  # time a read may take (s)
ACCEPTED, SAME, REFUSED, CRASHED, HUNG = "accepted with other contents", "unchanged", "refused", "crashed", "hung"


def whole(path: Path, kind: str) -> dict[str | None, xr.Dataset]:
    """All that an artifact holds, by group."""
    schema = SCHEMAS[kind]
    return {group: store.read(path, schema, group) for group in schema.groups or (None,)}


def equal(one: xr.Dataset, other: xr.Dataset) -> bool:
    """Whether two datasets are the same to the last bit, attributes and dtypes included."""
    if not one.identical(other):
        return False
    pairs = [(one[name].values, other[name].values) for name in one.variables]
    return all(a.dtype == b.dtype and (a.dtype.kind in "OUT" or a.tobytes() == b.tobytes()) for a, b in pairs)


def outcome(path: Path, true: dict, kind: str) -> str:
    """What a reader makes of a file whose true contents are known."""
    try:
        attributes, found = store.attributes_of(path), whole(path, kind)
    except ArtifactError as error:
        return REFUSED if "\n" not in str(error) else ACCEPTED
    same = all(equal(found[group], data) for group, data in true.items())
    return SAME if same and attributes == next(iter(true.values())).attrs else ACCEPTED


def reader(pipe) -> None:
    """Answer (path, true path, kind) with the outcome, until the other end closes."""
    known = {}
    pipe.send("ready")
    while True:
        path, true, kind = pipe.recv()
        if true not in known:
            known[true] = whole(true, kind)
        pipe.send(outcome(path, known[true], kind))


def outcomes(results: Path, flips: int, seed: int = 0, report=print) -> dict[str, Counter]:
    """How often which outcome came of flips in the artifacts of a folder, by kind."""
    generator, found = np.random.default_rng(seed), defaultdict(Counter)
    files = defaultdict(list)
    for path in sorted(results.rglob("*.nc")):
        files[store.attributes_of(path)["artifact"]].append(path)
    spawned, process = multiprocessing.get_context("spawn"), None
    with tempfile.TemporaryDirectory() as folder:
        for number in range(flips):
            flipped = Path(folder) / f"{number}.nc"  # never the same one: HDF5 may keep a damaged file open
            kind = str(generator.choice(sorted(files)))
            true = files[kind][generator.integers(len(files[kind]))]
            content = bytearray(true.read_bytes())
            place, bit = int(generator.integers(len(content))), int(generator.integers(8))
            content[place] ^= 1 << bit
            flipped.write_bytes(content)
            if process is None:
                pipe, far = spawned.Pipe()
                process = spawned.Process(target=reader, args=(far,), daemon=True)
                process.start()
                far.close()
                pipe.recv()  # once its imports are done
            pipe.send((flipped, true, kind))
            result = HUNG
            if pipe.poll(LONGEST):
                try:
                    result = pipe.recv()
                except EOFError:
                    result = CRASHED
            if result in (HUNG, CRASHED):
                process.kill()
                process.join()
                process = None
            if result in (ACCEPTED, HUNG, CRASHED):
                report(f"{result}: {true.relative_to(results)}, byte {place}, bit {bit}", flush=True)
            flipped.unlink()
            found[kind][result] += 1
        if process:
            process.kill()
            process.join()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flips", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = clean_copy(Path(folder) / "project")
        (project / "config.yaml").write_text(yaml.safe_dump(EVERY_KIND))
        snakemake(project)
        found = outcomes(project / "results", arguments.flips, arguments.seed)
    for kind, counts in (*sorted(found.items()), ("all", sum(found.values(), Counter()))):
        print(f"{kind:16s}", ", ".join(f"{count} {result}" for result, count in counts.most_common()))
    sys.exit(sum(found.values(), Counter())[ACCEPTED] > 0)


if __name__ == "__main__":
    main()
