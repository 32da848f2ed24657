"""What a networks artifact and a checkpoint hold."""

from degeneracy.artifacts.schema import INTEGER, Schema, Variable

# besides: each parameter of the cell after training, and before it (`initial_…`)
NETWORKS = Schema(
    "networks",
    {
        "loss": Variable(("network", "epoch"), long_name="mean training MSE of the epoch", unit="output units squared"),
        "final_loss": Variable(
            ("network",), long_name="MSE of the stored network on the training trials", unit="output units squared"
        ),
        "epochs": Variable(("network",), INTEGER, "epochs trained", "epoch"),
        "epoch_stored": Variable(("network",), INTEGER, "epoch whose parameters are stored", "epoch"),
        "epoch_reached": Variable(("network",), INTEGER, "first epoch below the threshold, 0 if none", "epoch"),
        "status": Variable(("network",), INTEGER, "outcome of training", "1"),
    },
)


def _state(name: str, *dims: str, dtype: str = "f") -> Variable:
    return Variable(("network", *dims), dtype, f"{name.replace('_', ' ')} of a training under way", "1")


CHECKPOINT = Schema(
    "checkpoint",
    {name: _state(name, "parameter") for name in ("parameters", "mean", "square", "final")}
    | {name: _state(name) for name in ("rate", "best", "steps", "final_loss")}
    | {
        name: _state(name, dtype=INTEGER)
        for name in ("group", "epoch_of_group", "waited", "going", "epochs", "epoch_stored")
    }
    | {"loss": _state("loss", "epoch")},
)
