"""What a networks artifact holds."""

from dataclasses import replace

from degeneracy.artifacts.schema import FLAG, INTEGER, Schema, Variable

LOSS_UNIT = "output units squared, of a cross entropy nat"

# in addition: each parameter of the cell after training, before it (`initial_…`) and at snapshots; see `of_cell`
NETWORKS = Schema(
    "networks",
    {
        "loss": Variable(("network", "epoch"), long_name="mean training loss of the epoch", unit=LOSS_UNIT),
        "final_loss": Variable(
            ("network",), long_name="loss of the stored network on the training trials", unit=LOSS_UNIT
        ),
        "epochs": Variable(("network",), INTEGER, "epochs trained", "epoch"),
        "epoch_stored": Variable(("network",), INTEGER, "epoch whose parameters are stored", "epoch"),
        "epoch_reached": Variable(("network",), INTEGER, "first epoch below the threshold, 0 if none", "epoch"),
        "status": Variable(("network",), INTEGER, "outcome of training", "1"),
        "initialisation_seed": Variable(("network",), INTEGER, "seed of the parameters before training", "1"),
        "data_seed": Variable(("network",), INTEGER, "seed of the order of the training trials", "1"),
        "snapshot_loss": Variable(
            ("network", "snapshot"),
            long_name="loss of the snapshot on the training trials, NaN if there is none",
            unit=LOSS_UNIT,
            optional=True,
        ),
        "snapshot_epoch": Variable(
            ("network", "snapshot"), INTEGER, "epoch of the snapshot, 0 if there is none", "epoch", optional=True
        ),
        "connectivity_mask": Variable(
            ("network", "unit", "source_unit"), FLAG, "1 where a recurrent weight exists", "1", optional=True
        ),
        "states": Variable(
            ("network", "trial", "time", "unit"),
            long_name="recorded states, of networks that have no parameters",
            unit="activation",
            optional=True,
        ),
        "units": Variable(("network",), INTEGER, "units recorded, the others are 0", "1", optional=True),
    },
)


def of_cell(cell) -> Schema:
    """The schema of networks of one cell, with its parameters."""
    parameters = {
        prefix + name: Variable(("network", *dims), long_name=f"{name.replace('_', ' ')} {when} training", unit="1")
        for prefix, when in (("", "after"), ("initial_", "before"))
        for name, dims in cell.parameter_dims().items()
    }
    parameters |= {
        f"snapshot_{name}": Variable(
            ("network", "snapshot", *dims), long_name=f"{name.replace('_', ' ')} in training", unit="1"
        )
        for name, dims in cell.parameter_dims().items()
    }
    return replace(NETWORKS, variables=parameters | NETWORKS.variables)
