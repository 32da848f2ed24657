"""What metric artifacts and maps hold; the names and units of a metric are those that its file gives."""

from degeneracy.artifacts.schema import FLOAT, INTEGER, Schema, Variable

NETWORK, PAIR = ("network",), ("network", "network_other")
STATUS = Variable(NETWORK, INTEGER, "outcome of training", "1")
NETWORK_METRIC = Schema("network metric", {"value": Variable(NETWORK), "status": STATUS})
PAIR_METRIC = Schema(
    "pair metric",
    {
        "distance": Variable(PAIR),
        "null": Variable(NETWORK),
        "untrained_distance": Variable(PAIR),
        "status": STATUS,
    },
)
MAP = Schema(
    "map",
    {
        "distance": Variable(PAIR),
        "position": Variable(("network", "axis")),
        "stress": Variable((), FLOAT, "normalised stress of the map (Kruskal's stress 1)", "1", optional=True),
        "status": STATUS,
    },
)
