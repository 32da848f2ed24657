"""Networks that are trained together are those that the workflow trains one condition after the other."""

import subprocess
import sys

from interruptions import assert_identical

from conftest import SCHEMA
from degeneracy.artifacts import store
from degeneracy.experiment.resolve import resolve
from degeneracy.networks.schema import NETWORKS
from runs import clean_copy, environment, write_config


def test_artifacts_equal_those_of_the_workflow_and_are_reused_by_it(tmp_path, tiny):
    tiny |= {"device": "cpu"}
    project = clean_copy(tmp_path / "project")
    write_config(project, tiny)

    def script(name, *arguments):
        command = [sys.executable, f"workflow/scripts/{name}.py", *arguments]
        env = environment() | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
        return subprocess.run(command, cwd=project, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout

    together = ("train_together", "--configfile", "config.yaml", "--processes", "1", "--at-once", "2")
    said = script(*together)
    made = sorted(project.glob("results/flip_flop/*/networks/seeds-*.nc"))
    assert len(made) == 2 and said.count("2 of 2 converged") == 2
    condition = resolve(tiny, SCHEMA).conditions[0]
    (path,) = [path for path in made if path.parts[-3] == condition.name]
    given = ("--condition", condition.spec_json, "--device", "cpu")
    alone, larger = project / "alone" / "seeds-000-001.nc", path.with_name("seeds-000-002.nc")
    script("train_networks", *given, "--seeds", "0", "1", "--output", str(alone))
    one, other = (store.read(each, NETWORKS) for each in (path, alone))
    assert_identical(one.assign_attrs(wall_time_s=0), other.assign_attrs(wall_time_s=0))
    said = script("train_networks", *given, "--seeds", "0", "2", "--output", str(larger))
    assert f"2 networks are in {path} already" in said and "training 1 networks" in said
    assert script(*together) == ""  # nothing is left to train
