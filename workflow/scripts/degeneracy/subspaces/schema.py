"""What an artifact of networks trained in a random subspace holds."""

from degeneracy.artifacts.schema import FLOAT, INTEGER, Schema, Variable
from degeneracy.networks.schema import LOSS_UNIT

NETWORK = ("network",)
SUBSPACES = Schema(
    "subspaces",
    {
        "loss": Variable(("network", "epoch"), FLOAT, "mean training loss of the epoch", LOSS_UNIT),
        "final_loss": Variable(NETWORK, FLOAT, "loss of the best network evaluated, on the training trials", LOSS_UNIT),
        "epochs": Variable(NETWORK, INTEGER, "epochs trained", "epoch"),
        "status": Variable(NETWORK, INTEGER, "outcome of training", "1"),
        "dimension": Variable((), INTEGER, "dimension of the subspace", "1"),
        "parameters": Variable((), INTEGER, "parameters of a network", "1"),
        "constant_loss": Variable((), FLOAT, "loss of the best constant answer, on the training trials", LOSS_UNIT),
    },
)
