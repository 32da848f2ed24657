"""A training that is interrupted ends as if nothing had happened."""

import io
import os
import pickle
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from interruptions import CPU, SEEDS, SHORT, assert_identical, identity, interrupted_after, kept, train

from conftest import ROOT, make_condition
from degeneracy.artifacts import store
from degeneracy.experiment.condition import dumps
from degeneracy.networks import checkpoints, optimiser
from degeneracy.networks.checkpoints import Checkpoint
from degeneracy.networks.schema import NETWORKS
from degeneracy.status import Status


@pytest.mark.parametrize("cell", ["vanilla", "mup", "gru"])
@pytest.mark.parametrize("epochs", [1, 3, 5])
def test_an_interrupted_training_ends_bit_identical(tmp_path, cell, epochs):
    condition = make_condition(model={"cell": cell}, training=SHORT)
    undisturbed = train(condition)
    assert cell != "vanilla" or len(set(undisturbed["epochs"].values)) > 1, "networks should stop at different epochs"
    interrupted_after(min(epochs, int(undisturbed["epochs"].max())), condition, tmp_path)
    lines, checkpoint = [], kept(tmp_path)
    resumed = train(condition, report=lines.append, checkpoint=checkpoint)
    assert checkpoint.spent > 0 and any(line.startswith("resuming from a checkpoint at epoch") for line in lines)
    assert_identical(resumed, undisturbed)


@pytest.mark.parametrize("fall", [{"plateau_patience": 1, "plateau_factor": 0.5}, {"schedule": "cosine"}])
def test_learning_rates_that_have_fallen_are_kept(tmp_path, monkeypatch, fall):
    monkeypatch.setattr(optimiser, "IMPROVEMENT", 0.999)  # no epoch but the first counts as better
    condition = make_condition(training=SHORT | {"threshold": 1e-9, "plateau_factor": 1} | fall)
    interrupted_after(4, condition, tmp_path)
    state = checkpoints.read(kept(tmp_path).path, CPU)["state"]
    assert all((group["rates"] < 0.011).all() for group in state["groups"])
    assert_identical(train(condition, checkpoint=kept(tmp_path)), train(condition))


def test_a_training_interrupted_between_networks_and_more_than_once_ends_bit_identical(tmp_path):
    condition = make_condition(training=SHORT)
    for epochs in (3, 5, 1):  # of one network each
        asked = iter([False] * (epochs - 1) + [True])
        with pytest.raises(checkpoints.Interrupted) as caught:
            train(condition, checkpoint=kept(tmp_path, stopping=asked.__next__))
        assert caught.value.code == 143
    assert_identical(train(condition, checkpoint=kept(tmp_path)), train(condition))


def test_a_network_that_has_diverged_stays_so(tmp_path):
    condition = make_condition(model={"activation": "relu"}, training=SHORT | {"learning_rate": 1e30})
    undisturbed = train(condition)
    assert (undisturbed["status"] == Status.DIVERGED).any()
    interrupted_after(1, condition, tmp_path)
    assert_identical(train(condition, checkpoint=kept(tmp_path)), undisturbed)


def test_a_checkpoint_of_another_training_is_left_aside_with_a_word(tmp_path, monkeypatch):
    condition = make_condition(training=SHORT)
    interrupted_after(2, condition, tmp_path)
    other = make_condition(training=SHORT | {"learning_rate": 0.01})
    for changed, given, seeds, reason in (
        (other, kept(tmp_path), SEEDS, "another condition"),
        (condition, kept(tmp_path, code="other"), SEEDS, "another code"),
        (condition, kept(tmp_path), [0, 1, 2], "another seeds"),
    ):
        given.interval, lines = 1e9, []
        assert_identical(train(changed, seeds, lines.append, given), train(changed, seeds))
        assert any("is not used: it has" in line and line.endswith(f"{reason}; training starts anew") for line in lines)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "version", lambda name: "0")
        assert kept(tmp_path).load(identity(condition), CPU, lines.append) is None
    assert "another libraries" in lines[-1] and kept(tmp_path).load(identity(condition), CPU) is not None


def test_a_checkpoint_of_another_cpu_is_used_with_a_word(tmp_path, monkeypatch):
    condition, lines = make_condition(training=SHORT), []
    interrupted_after(2, condition, tmp_path)
    assert kept(tmp_path).load(identity(condition), CPU, lines.append) is not None and not lines
    other = {"cpu_model": "abacus", "blas_kernels": "beads"}
    monkeypatch.setattr(checkpoints, "machine", lambda: other)
    assert kept(tmp_path).load(identity(condition), CPU, lines.append) is not None
    assert len(lines) == 1 and "is of another CPU or other BLAS kernels" in lines[0]


def archive(path, content: bytes) -> bytes:
    """The file that torch.save writes, with another pickle in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, content if name.endswith("data.pkl") else old.read(name))
    return out.getvalue()


class Malice:
    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("content", ["half", "empty", "text", "pickle", "archive", "weights"])
def test_an_unreadable_or_foreign_checkpoint_is_left_aside_and_runs_nothing(tmp_path, content):
    condition, lines = make_condition(training=SHORT), []
    interrupted_after(2, condition, tmp_path)
    path, Malice.path = kept(tmp_path).path, str(tmp_path / "executed")
    whole = path.read_bytes()
    if content == "weights":
        torch.save({"bias": torch.zeros(3)}, path)
    else:
        bad = {"half": whole[: len(whole) // 2], "empty": b"", "text": b"CDF", "pickle": pickle.dumps(Malice())}
        bad["archive"] = archive(path, pickle.dumps(Malice(), protocol=2))
        path.write_bytes(bad[content])
    checkpoint = kept(tmp_path)
    checkpoint.interval = 1e9
    assert_identical(train(condition, report=lines.append, checkpoint=checkpoint), train(condition))
    (line,) = [line for line in lines if "checkpoint" in line]
    reason = "is no checkpoint of a training" if content == "weights" else r"cannot be read \(\w+\)"
    assert re.fullmatch(f"checkpoint {path} is not used: it {reason}; training starts anew", line)
    assert not Path(Malice.path).exists()


def test_the_malicious_archive_of_these_tests_would_do_harm_if_it_were_trusted(tmp_path):
    Malice.path = str(tmp_path / "executed")
    torch.save({}, tmp_path / "checkpoint")
    (tmp_path / "malicious").write_bytes(archive(tmp_path / "checkpoint", pickle.dumps(Malice(), protocol=2)))
    torch.load(tmp_path / "malicious", weights_only=False)
    assert Path(Malice.path).exists()


def as_bytes(state) -> bytes:
    out = io.BytesIO()
    torch.save(state, out)
    return out.getvalue()


def test_no_flipped_bit_of_a_checkpoint_changes_what_is_resumed(tmp_path):
    condition = make_condition(training=SHORT)
    interrupted_after(2, condition, tmp_path)
    path, generator = kept(tmp_path).path, np.random.default_rng(0)
    whole, good = path.read_bytes(), kept(tmp_path).load(identity(condition), CPU)
    refused = 0
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[generator.integers(len(whole))] ^= 1 << generator.integers(8)
        path.write_bytes(damaged)
        state = kept(tmp_path).load(identity(condition), CPU, lambda line: None)
        refused += state is None
        assert state is None or as_bytes(state) == as_bytes(good)
    assert refused > 50


def test_a_full_disk_at_a_checkpoint_is_one_sentence_and_leaves_the_last_one(tmp_path, monkeypatch):
    condition = make_condition(training=SHORT)
    interrupted_after(2, condition, tmp_path)
    before = kept(tmp_path).path.read_bytes()

    def full(content, path):
        Path(path).write_bytes(b"half")
        raise RuntimeError("PytorchStreamWriter failed writing file data/3: file write failed")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match=r"checkpoint: cannot be written .* are free there"):
        train(condition, checkpoint=kept(tmp_path))
    assert kept(tmp_path).path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_a_checkpoint_is_saved_no_more_often_than_asked(tmp_path, monkeypatch):
    checkpoint = Checkpoint.beside(tmp_path / "networks.nc", "code")
    saved, start = [], checkpoint.saved
    monkeypatch.setattr(torch, "save", lambda content, path: (path.touch(), saved.append(1)))
    for later, count in ((59, 0), (61, 1), (100, 1), (122, 2)):
        monkeypatch.setattr(time, "monotonic", lambda at=later: start + at)
        checkpoint.keep(dict, {}, 0.0)
        assert len(saved) == count


def test_being_stopped_saves_and_the_same_command_goes_on(tmp_path):
    condition = make_condition(training=SHORT | {"epochs": 12, "steps_per_epoch": 150, "threshold": 1e-9})
    script = ROOT / "workflow" / "scripts" / "train_networks.py"

    def command(output):
        arguments = ["--condition", dumps(condition), "--seeds", "0", "1", "--device", "cpu"]
        return [sys.executable, str(script), *arguments, "--output", str(output)]

    output, undisturbed = tmp_path / "networks.nc", tmp_path / "undisturbed.nc"
    for number in (signal.SIGTERM, signal.SIGINT):
        process = subprocess.Popen(command(output), stdout=subprocess.PIPE, text=True)
        for line in process.stdout:
            if line.startswith("epoch"):
                process.send_signal(number)
                break
        rest = process.stdout.read()
        assert process.wait() == 143 and "asked to stop" in rest
        assert not output.exists() and (tmp_path / ".networks.nc.checkpoint").exists()
    done = subprocess.run(command(output), capture_output=True, text=True, check=True)
    assert "resuming from a checkpoint" in done.stdout
    assert sorted(file.name for file in tmp_path.iterdir()) == ["networks.nc"]
    subprocess.run(command(undisturbed), capture_output=True, check=True)
    one, other = (store.read(each, NETWORKS) for each in (output, undisturbed))
    when = {"wall_time_s": 0, "checksum": ""}
    assert_identical(one.assign_attrs(when), other.assign_attrs(when))
