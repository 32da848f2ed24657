"""A group that runs out of memory or drops finished networks ends as if nothing had happened."""

import pytest
import torch
from interruptions import SHORT, PulledPlug, assert_identical, kept, pull_plug_after, train

from conftest import make_condition
from degeneracy.networks import epoch as epoch_module
from degeneracy.networks import training
from degeneracy.networks.backends.choice import differentiated


def in_one_group(monkeypatch):
    monkeypatch.setattr(training, "group_sizes", lambda networks, device: [networks])


def test_networks_that_finish_in_a_group_leave_it_without_a_trace(monkeypatch, tmp_path):
    """On CUDA a group holds many networks, which finish one after the other; here on the CPU it does."""
    condition, seeds = make_condition(training=SHORT), list(range(12))
    monkeypatch.setattr(epoch_module, "COMPACT", 0.6)
    alone = train(condition, seeds)
    assert len(set(alone["epochs"].values)) > 2
    in_one_group(monkeypatch)
    sizes = []
    after = training.after_epoch

    def watched(group, *rest):
        sizes.append((len(group.networks), sum(network.going for network in group.networks)))
        return after(group, *rest)

    monkeypatch.setattr(training, "after_epoch", watched)
    together = train(condition, seeds)
    assert_identical(together, alone)
    assert any(going < size for size, going in sizes), "some finished networks should stay, ignored"
    assert all(going > epoch_module.COMPACT * size for size, going in sizes), "and not too many"
    with pytest.raises(PulledPlug):
        train(condition, seeds, pull_plug_after(3), kept(tmp_path))
    assert_identical(train(condition, seeds, checkpoint=kept(tmp_path)), alone)


FULL = [
    torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"),
    RuntimeError("CUDA error: out of memory"),
]


@pytest.mark.parametrize("fits, error", [(1, FULL[0]), (3, FULL[0]), (3, FULL[1]), (3, FULL[2])])
def test_out_of_memory_halves_the_group_and_goes_on_from_where_it_was(monkeypatch, fits, error):
    condition = make_condition(training=SHORT)
    undisturbed = train(condition)
    in_one_group(monkeypatch)
    calls, lines = [], []

    def limited(cell, group, *rest):
        differentiate, networks = differentiated(cell, group, *rest), len(group.networks)

        def checked(*given):
            calls.append(networks)
            if len(calls) > 12 and networks > fits:  # in the middle of the second epoch
                raise error
            return differentiate(*given)

        return checked

    monkeypatch.setattr(epoch_module, "differentiated", limited)
    assert_identical(train(condition, report=lines.append), undisturbed)
    halved = [line for line in lines if line.startswith("out of memory")]
    assert halved[0] == "out of memory with 4 networks at once: the group is halved and resumes from epoch 1"
    assert len(halved) == {1: 3, 3: 1}[fits]


def test_any_other_error_of_the_device_is_not_taken_for_it(monkeypatch):
    def broken(*_):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(epoch_module, "differentiated", broken)
    with pytest.raises(RuntimeError, match="illegal memory access"):
        train(make_condition())


def test_too_little_memory_for_one_network_is_one_sentence(monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(epoch_module, "differentiated", full)
    with pytest.raises(ValueError, match=r"does not suffice for one network; lower training\.batch_size"):
        train(make_condition())
