"""A bad input costs no good output."""

import shutil

from runs import planned, snakemake


def test_what_a_failed_job_was_to_replace_is_used_again(finished, tmp_path):
    project = tmp_path / "project"
    shutil.copytree(finished, project)
    networks = min(project.glob("results/flip_flop/*/networks/seeds-000-000.nc"))
    points = networks.parents[1] / "fixed_points" / networks.name
    metric = networks.parents[1] / "metrics" / "dsa.nc"
    good, contents = networks.read_bytes(), points.read_bytes()
    targets = [str(path.relative_to(project)) for path in (metric, points)]
    networks.write_bytes(b"no NetCDF")
    output = snakemake(project, "--keep-going", *targets, check=False)
    assert f"{networks.relative_to(project)}: cannot be read" in output
    assert not metric.exists()
    networks.write_bytes(good)
    snakemake(project, *targets)
    logs = project / "results" / "logs" / networks.relative_to(project / "results").parents[1]
    for kind in ("metrics/dsa", "fixed_points/seeds-000-000"):
        assert "was made before from the same code, options and inputs" in (logs / f"{kind}.log").read_text()
    assert points.read_bytes() == contents
    assert planned(project, *targets) == {}
