"""Every backend of training gives the error and the gradients of the reference in double precision."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
import pytest
import torch

from conftest import ROOT, make_condition
from degeneracy.cells import dale, gru, leaky, low_rank, mup, vanilla
from degeneracy.networks import epoch as epochs
from degeneracy.networks import training
from degeneracy.networks.backends import choice
from degeneracy.networks.backends.choice import mean_squared_error
from degeneracy.networks.group import make_group
from degeneracy.plugins.discovery import make_cell
from degeneracy.trials.generate import generate

if find_spec("triton"):
    import triton
    import triton.language as tl

    from degeneracy.networks.backends import fused, fused_kernels, fused_parts, fused_streamed

    @triton.jit
    def tanh_of(x, y, SIZE: tl.constexpr):
        at = tl.arange(0, SIZE)
        tl.store(y + at, fused_parts.tanh(tl.load(x + at)))

    @triton.jit
    def parts_of(x, high, low, SIZE: tl.constexpr):
        at = tl.arange(0, SIZE)
        one, other = fused_parts.split(tl.load(x + at))
        tl.store(high + at, one)
        tl.store(low + at, other)


INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
CUDA = torch.cuda.is_available()
needs_cuda = pytest.mark.skipif(not CUDA, reason="no CUDA device here")
needs_kernel = pytest.mark.skipif(
    not (find_spec("triton") and (CUDA or INTERPRETED)),
    reason="the fused kernel needs Triton, and a CUDA device or TRITON_INTERPRET=1",
)
needs_interpreter = pytest.mark.skipif(
    not (find_spec("triton") and INTERPRETED), reason="needs Triton and TRITON_INTERPRET=1"
)
KERNEL_DEVICE = "cpu" if INTERPRETED else "cuda"
BACKENDS = [
    pytest.param("reference", "cpu", id="reference"),
    pytest.param("cpu", "cpu", id="cpu"),
    pytest.param("cuda", "cuda", id="cuda", marks=needs_cuda),
    pytest.param("fused", KERNEL_DEVICE, id="fused", marks=needs_kernel),
    pytest.param("streamed", KERNEL_DEVICE, id="streamed", marks=needs_kernel),  # `fused` where W is not held
]
every_backend = pytest.mark.parametrize("backend, device", BACKENDS)
SHAPES = [  # networks, units, steps, trials, inputs, outputs
    (1, 1, 1, 1, 1, 1),
    (3, 17, 2, 63, 2, 3),
    (2, 45, 7, 70, 5, 1),
    (2, 64, 11, 5, 3, 17),
    (1, 128, 3, 130, 1, 2),
    (1, 150, 3, 20, 2, 2),
    (1, 70, 2, 5, 33, 40),
]
CASES = [  # in the interpreter, which takes seconds for each, all four cells at one shape and one at each of the others
    pytest.param(kind, activation, *shape, id="-".join([kind.__name__.split(".")[-1], activation, *map(str, shape)]))
    for shape in SHAPES
    for kind in (vanilla, mup)
    for activation in ("tanh", "relu")
    if not INTERPRETED
    or shape == SHAPES[1]
    or (kind, activation) == ((vanilla, "tanh"), (mup, "relu"))[SHAPES.index(shape) % 2]
]
CASES += [
    pytest.param(kind, activation, *SHAPES[1], id=f"{kind.__name__.split('.')[-1]}-{activation}")
    for kind, activation in ((leaky, "tanh"), (leaky, "relu"), (low_rank, "tanh"), (dale, "relu"))
]
LONG = 50 if INTERPRETED else 150  # steps


def problem(cell, networks, steps, batch, inputs, outputs, seed=0):
    """Parameters, inputs, targets and a mask with zeros, for a cell; every network has something that counts."""
    made = [cell.initialise(np.random.default_rng(seed + network), inputs, outputs) for network in range(networks)]
    parameters = {name: torch.tensor(np.stack([one[name] for one in made])).float() for name in made[0]}
    generator = torch.Generator().manual_seed(seed)
    given = torch.randn(networks, steps, batch, inputs, generator=generator)
    targets = torch.randn(networks, steps, batch, outputs, generator=generator)
    mask = (torch.rand(networks, steps, batch, generator=generator) < 0.7).float()
    mask[:, 0, 0] = 1
    return parameters, (given, targets, mask)


def error_and_gradients(cell, parameters, batch, backend, device="cpu", dtype=torch.float32):
    leaves = {name: value.to(device, dtype, copy=True).requires_grad_() for name, value in parameters.items()}
    with pytest.MonkeyPatch.context() as patch:
        if backend == "streamed":
            patch.setattr(fused, "resident", lambda *sizes: False)
            backend = "fused"
        error = mean_squared_error(cell, leaves, *(part.to(device, dtype) for part in batch), backend)
    gradients = torch.autograd.grad(error.sum(), list(leaves.values()))
    return error.detach().cpu(), {name: own.cpu() for name, own in zip(leaves, gradients, strict=True)}


def assert_near(found, expected, tolerance=1e-5):
    (error, gradients), (exact, reference) = found, expected
    assert ((error - exact).abs() <= tolerance * exact.abs()).all()
    for name in reference:
        for own, wanted in zip(gradients[name], reference[name], strict=True):  # network by network
            assert (own - wanted).norm() <= tolerance * wanted.norm(), name


def assert_exact(cell, parameters, data, backend, device):
    """A backend's error and gradients are those of the reference in double precision."""
    expected = error_and_gradients(cell, parameters, data, "reference", dtype=torch.float64)
    assert_near(error_and_gradients(cell, parameters, data, backend, device), expected)


@every_backend
@pytest.mark.parametrize("kind, activation, networks, width, steps, batch, inputs, outputs", CASES)
def test_backends_equal_double_precision(
    backend, device, kind, activation, networks, width, steps, batch, inputs, outputs
):
    cell = kind.Cell(width=width, activation=activation)
    parameters, data = problem(cell, networks, steps, batch, inputs, outputs)
    assert_exact(cell, parameters, data, backend, device)


@every_backend
def test_long_trials_equal_double_precision(backend, device):
    cell = vanilla.Cell(width=32)
    parameters, data = problem(cell, 1, LONG, 20, 3, 3)
    parameters["recurrent_weights"] *= 1.5  # memories last, though nothing is chaotic yet
    assert_exact(cell, parameters, data, backend, device)


@every_backend
def test_a_network_does_not_depend_on_the_others(backend, device):
    cell = mup.Cell(width=20)
    parameters, data = problem(cell, 3, 6, 33, 2, 2)
    error, gradients = error_and_gradients(cell, parameters, data, backend, device)
    for network in range(3):
        alone = {name: value[network : network + 1] for name, value in parameters.items()}
        own = error_and_gradients(cell, alone, [part[network : network + 1] for part in data], backend, device)
        together = error[network : network + 1], {name: x[network : network + 1] for name, x in gradients.items()}
        assert_near(together, own, 0 if device == "cpu" else 1e-5)


@every_backend
def test_no_network_at_all_is_no_error(backend, device):
    cell = vanilla.Cell(width=8)
    parameters, data = problem(cell, 1, 4, 5, 2, 2)
    nothing = {name: value[:0] for name, value in parameters.items()}
    error, gradients = error_and_gradients(cell, nothing, [part[:0] for part in data], backend, device)
    assert error.shape == (0,) and all(len(own) == 0 for own in gradients.values())


@every_backend
def test_a_network_that_diverges_shows_and_harms_no_other(backend, device):
    cell = vanilla.Cell(width=16)
    parameters, data = problem(cell, 2, 5, 20, 2, 2)
    expected = error_and_gradients(cell, parameters, data, backend, device)
    parameters["recurrent_weights"][0, 3, 4] = torch.nan
    error, gradients = error_and_gradients(cell, parameters, data, backend, device)
    assert error[0].isnan() and not gradients["recurrent_weights"][0].isfinite().all()
    assert torch.equal(error[1], expected[0][1])
    assert torch.equal(gradients["recurrent_weights"][1], expected[1]["recurrent_weights"][1])


@needs_kernel
def test_fused_with_tf32_is_near_and_marked_as_such():
    cell = vanilla.Cell(width=32)
    parameters, data = problem(cell, 2, 8, 16, 3, 3)
    expected = error_and_gradients(cell, parameters, data, "reference", dtype=torch.float64)
    assert_near(error_and_gradients(cell, parameters, data, "fused-tf32", KERNEL_DEVICE), expected, 2e-2)


@needs_kernel
@pytest.mark.parametrize("backend", ["fused", "fused-tf32"])
def test_no_nan_is_lost(backend):
    """The NaN that arithmetic yields on CUDA has all bits set, and rounding it as an integer overflows."""
    cell = mup.Cell(width=16)
    parameters, data = problem(cell, 2, 5, 20, 2, 2)
    parameters["recurrent_weights"][0] = torch.tensor(0x7FFFFFFF, dtype=torch.int32).view(torch.float32)
    error, gradients = error_and_gradients(cell, parameters, data, backend, KERNEL_DEVICE)
    assert error[0].isnan() and gradients["recurrent_weights"][0].isnan().any() and error[1].isfinite()


@pytest.mark.parametrize("backend", ["fused", "streamed"])
@needs_kernel
def test_a_trial_that_is_not_there_has_no_part_in_the_error(backend):
    """Inputs alone keep these networks at 0; where there is no trial there are none, and the network overflows."""
    cell = vanilla.Cell(width=16, activation="relu")
    parameters, (given, targets, mask) = problem(cell, 1, 8, 3, 1, 2)
    for name, value in (("bias", 1e20), ("recurrent_weights", 1e10), ("input_weights", -1e30)):
        parameters[name][:] = value
    data = torch.ones_like(given), targets, mask
    expected = error_and_gradients(cell, parameters, data, "reference")
    assert expected[0].isfinite().all()
    assert_near(error_and_gradients(cell, parameters, data, backend, KERNEL_DEVICE), expected)


@needs_kernel
def test_tanh_of_the_kernel_over_the_whole_range():
    special = torch.tensor([torch.nan, -torch.inf, torch.inf, 1e-30, 0, 3e38])
    x = torch.cat([torch.linspace(-12, 12, 2**14 - 6), special]).to(KERNEL_DEVICE)
    y = torch.empty_like(x)
    tanh_of[(1,)](x, y, len(x))
    np.testing.assert_allclose(y.cpu().numpy(), np.tanh(x.double().cpu().numpy()), rtol=1e-6)


@needs_kernel
def test_parts_of_a_number_add_up_and_the_first_has_eleven_bits():
    x = torch.randn(1024, generator=torch.Generator().manual_seed(0)).to(KERNEL_DEVICE)
    high, low = torch.empty_like(x), torch.empty_like(x)
    parts_of[(1,)](x, high, low, len(x))
    assert torch.equal(high + low, x) and (low.abs() <= 2**-11 * x.abs()).all()
    assert torch.all(high.view(torch.int32) & 0x1FFF == 0)


class GPU:
    type = "cuda"


def test_which_backend_is_chosen(monkeypatch):
    cell, cpu = vanilla.Cell(width=128), torch.device("cpu")
    assert choice.choose("auto", cpu, cell, 3, 3) == ("cpu", "")
    with pytest.raises(ValueError, match="given fused, which needs a CUDA device"):
        choice.choose("fused", cpu, cell, 3, 3)
    with pytest.raises(ValueError, match="given cpu, but the device is a CUDA device"):
        choice.choose("cpu", GPU, cell, 3, 3)
    with pytest.raises(ValueError, match="given quick; allowed: auto"):
        choice.choose("quick", cpu, cell, 3, 3)
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    assert choice.choose("auto", GPU, cell, 3, 3) == ("cuda", "Triton is not installed")
    with pytest.raises(ValueError, match="Triton is not installed"):
        choice.choose("fused", GPU, cell, 3, 3)


@pytest.mark.skipif(not find_spec("triton"), reason="needs Triton")
def test_cells_that_the_fused_kernel_cannot_hold_fall_back_and_say_so(monkeypatch):
    def chosen(cell, inputs=3, outputs=3, name="auto"):
        return choice.choose(name, GPU, cell, inputs, outputs)

    for width in (32, 128, 160, 512):
        assert chosen(vanilla.Cell(width=width)) == ("fused", "")
        assert chosen(mup.Cell(width=width, activation="relu"), name="fused-tf32") == ("fused-tf32", "")
    for cell, channels, reason in (
        (vanilla.Cell(width=128), 64, "up to 63 inputs and outputs, and there are 64 and 64"),
        (vanilla.Cell(width=32, activation="softplus"), 3, "activations tanh and relu"),
        (gru.Cell(width=32), 3, "cells of rates"),
        (leaky.Cell(width=32, form="rate"), 3, "cells of rates"),
        (leaky.Cell(width=32, recurrent_noise=0.1), 3, "no noise in its units"),
    ):
        backend, obstacle = chosen(cell, channels, channels)
        assert backend == "cuda"
        assert re.search(reason, obstacle)
    monkeypatch.setattr(fused, "limits", lambda: ((7, 5), 64 * 2**10))
    assert chosen(vanilla.Cell(width=16)) == (
        "cuda",
        "the fused kernel needs compute capability 8.0, and this device has 7.5",
    )


def test_the_backend_is_an_attribute_of_the_networks():
    condition = make_condition(training={"epochs": 1, "steps_per_epoch": 1})
    data, lines = generate(condition)["train"], []
    for backend in ("auto", "reference"):
        networks = training.train(condition, [0], data, torch.device("cpu"), lines.append, backend)
        assert networks.attrs["backend"] == {"auto": "cpu"}.get(backend, backend)
    assert lines[0] == "backend cpu"


def test_the_step_of_a_population_equals_each_network_alone():
    """All that a step does beside the recurrence keeps networks apart: on CUDA it works on all of them at once."""
    condition = make_condition(training={"steps_per_epoch": 5, "nuclear_norm": 0.01, "l1": 0.001})
    data = [torch.as_tensor(generate(condition)["train"][name].values) for name in ("inputs", "targets", "mask")]
    cell, options = make_cell(condition), condition["training"]

    def trained(seeds):
        initial = {seed: training.initial_parameters(condition, seed) for seed in seeds}
        group = make_group(initial, cell, options, torch.device("cpu"))
        order = epochs.minibatches(group, len(data[0]), options)
        buffers = epochs.prepared(group, cell, data, options, "reference", None)
        advancing = epochs.advance(group, order, lambda group: buffers, print)
        ((_, ((group, losses),)),) = training.together([advancing], torch.device("cpu"), 1)
        return group.parameters, losses

    parameters, losses = trained([0, 1, 2])
    for seed in range(3):
        own, loss = trained([seed])
        assert torch.allclose(own[0], parameters[seed], rtol=1e-6, atol=1e-7)
        assert loss[0] == pytest.approx(losses[seed], rel=1e-6)


@needs_cuda
@pytest.mark.parametrize("backend", ["reference", "cuda", "fused", "fused-tf32"])
def test_training_on_cuda_equals_training_on_the_cpu(backend):
    condition = make_condition(
        model={"width": 32}, training={"epochs": 3, "steps_per_epoch": 8, "threshold": 1e-9, "nuclear_norm": 1e-3}
    )
    data = generate(condition)["train"]
    ours = training.train(condition, [0, 1, 2], data, torch.device("cuda"), lambda line: None, backend)
    exact = training.train(condition, [0, 1, 2], data, torch.device("cpu"), lambda line: None)
    assert ours.attrs["backend"] == backend
    tolerance = 2e-2 if backend == "fused-tf32" else 1e-3
    np.testing.assert_allclose(ours["loss"], exact["loss"], rtol=tolerance)


def test_a_device_that_is_not_there_is_said_before_anything_is_computed():
    if CUDA:
        pytest.skip("a CUDA device is here")
    script = ROOT / "workflow" / "scripts" / "train_networks.py"
    arguments = ["--condition", "{}", "--seeds", "0", "0", "--output", "networks.nc"]
    command = [sys.executable, str(script), *arguments, "--device", "cuda"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: device: given cuda, but torch sees no CUDA device")


KERNELS = [  # compute capability, name, units, channels
    (90, "advance", 32, 40),
    (90, "advance", 64, 16),
    (90, "advance", 128, 3),
    (90, "retrace", 64, 3),
    (90, "retrace", 128, 3),
    (90, "answer", 128, 3),
    (90, "add_up", 64, 3),
    (90, "advance_streamed", 256, 3),
    (90, "retrace_streamed", 256, 3),
    (89, "advance_streamed", 512, 3),
    (89, "advance_streamed", 128, 63),
    (89, "retrace_streamed", 128, 63),
    (89, "answer", 128, 63),
    (89, "add_up", 128, 3),
]


SPILLED = 256  # bytes of a thread, at most, that find no register: 64 numbers, of which `advance` has some 250


class Recorder:
    """Stands for a kernel: keeps what it is launched with, and runs nothing."""

    def __getitem__(self, grid):
        def launch(*arguments, **options):
            self.arguments, self.options = arguments, options

        return launch


def home_of(kernel: str):
    return fused_streamed if kernel.endswith("streamed") else fused_kernels


def launches(width: int, channels: int) -> dict[str, Recorder]:
    """What each kernel is launched with for a leaky cell, by its name."""
    cell = mup.Cell(width=width)
    parameters, data = problem(cell, 1, 100, 64, channels, channels)
    names = ("advance", "advance_streamed", "answer", "retrace", "retrace_streamed", "add_up")
    recorders = {name: Recorder() for name in names}
    with pytest.MonkeyPatch.context() as patch:
        for name, recorder in recorders.items():
            patch.setattr(home_of(name), name, recorder)
        fused.error_and_gradients("tanh", cell.keep, "tf32x3", *data, *cell.affine(parameters))
    return recorders


def stack_of(compiled) -> int:
    """Bytes of local memory of each thread, which hold what its registers do not."""
    tool = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
    with NamedTemporaryFile(suffix=".cubin") as file:
        file.write(compiled.asm["cubin"])
        file.flush()
        printed = subprocess.run([tool, "-res-usage", file.name], capture_output=True, text=True, check=True)
    return int(re.search(r"STACK:(\d+)", printed.stdout + printed.stderr)[1])


@pytest.mark.skipif(not find_spec("triton") or INTERPRETED, reason="needs Triton, and not its interpreter")
@pytest.mark.parametrize("capability, name, width, channels", KERNELS)
def test_kernels_compile_and_need_no_more_memory_than_there_is(monkeypatch, capability, name, width, channels):
    """Triton compiles for devices that are not here: what the interpreter forgives, this does not."""
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    memory = {89: 99, 90: 227}[capability] * 2**10
    monkeypatch.setattr(fused, "limits", lambda: (divmod(capability, 10), memory))
    function, launch = getattr(home_of(name), name), launches(width, channels)[name]
    constants = {key: value for key, value in launch.options.items() if key in function.arg_names}
    given = dict(zip(function.arg_names, launch.arguments, strict=False)) | constants
    types = {torch.Tensor: "*fp32", float: "fp32"}
    signature = {key: "constexpr" if key in constants else types[type(given[key])] for key in function.arg_names}
    aligned = {(place,): [["tt.divisibility", 16]] for place, key in enumerate(signature) if signature[key] == "*fp32"}
    options = {key: value for key, value in launch.options.items() if key not in constants}
    compiled = triton.compile(
        ASTSource(function, signature, constants, aligned), target=GPUTarget("cuda", capability, 32), options=options
    )
    assert compiled.metadata.shared <= memory
    # tensor cores, not scalar products; those of Hopper take a program's 64 rows or more at once
    product = "wgmma.mma_async" if capability == 90 and width >= 64 and name != "answer" else "mma.sync"
    assert re.search(rf"{product}\S+\.tf32", compiled.asm["ptx"])
    assert stack_of(compiled) <= SPILLED
