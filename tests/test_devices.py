"""What is computed on CUDA after training has the answers of the CPU."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from degeneracy.fixed_points.find import find
from degeneracy.measurement import measure as measuring
from degeneracy.measurement.pairs import distances_across
from degeneracy.plugins.discovery import Plugin, names

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
FIND = {
    **{"starts": 1024, "noise": 0.2, "tolerance": 1e-24, "slow_tolerance": 1e-4},
    **{"merge_distance": 1e-5, "iterations": 200, "seed": 0, "rounds": 4},
}


def defaults(metric, **changed):
    return {name: option.default for name, option in Plugin("metrics", metric).options.items()} | changed


@needs_cuda
@pytest.mark.parametrize("metric", ["dsa", "input_dsa", "svcca", "kernel_alignment", "ood_loss", "cka"])
def test_a_metric_on_cuda_equals_that_on_the_cpu(trained, metric):
    options = defaults(metric, **({"rank": 5} if metric.endswith("dsa") else {}))
    here, there = (measuring.measure(metric, replace(trained, device=device), options) for device in ("cpu", "cuda"))
    for name in here.data_vars:
        if "spread" in name:  # of local minima, which rounding may find or miss
            continue
        np.testing.assert_allclose(there[name], here[name], rtol=1e-5, atol=1e-6)


@needs_cuda
def test_fixed_points_on_cuda_equal_those_on_the_cpu(trained):
    here, there = (find(replace(trained, device=device), FIND, lambda line: None) for device in ("cpu", "cuda"))
    for seed in trained.seeds:
        sets = [each["state"].values[(each["network"] == seed) & (each["converged"] == 1)] for each in (here, there)]
        gaps = np.linalg.norm(sets[0][:, None] - sets[1][None], axis=-1)
        assert gaps.shape[0] == gaps.shape[1] and gaps.min(0).max() < 1e-6


def test_a_metric_that_takes_a_device_gets_that_of_the_population(trained, monkeypatch):
    module, seen = Plugin("metrics", "svcca").load(), []
    exact = module.distance

    def distance(a, b, device="nowhere"):
        seen.append(device)
        return exact(a, b)

    monkeypatch.setattr(module, "distance", distance)
    measuring.measure("svcca", trained, defaults("svcca"))
    distances_across("svcca", [trained, trained], [measuring.measure("svcca", trained, defaults("svcca"))] * 2, {})
    assert seen and set(seen) == {"cpu"}


def test_a_device_is_no_option_of_a_metric():
    for metric in names("metrics"):
        assert "device" not in Plugin("metrics", metric).options
