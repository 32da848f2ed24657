"""What a trials artifact and a complexity artifact hold."""

from degeneracy.artifacts.schema import INTEGER, Schema, Variable

GROUPS = ("train", "probe", "ood", "replicate")  # in the order of their random streams
TRIALS = Schema(
    "trials",
    {
        "inputs": Variable(("trial", "time", "input"), long_name="input to the network", unit="1"),
        "targets": Variable(("trial", "time", "output"), long_name="target output", unit="1"),
        "mask": Variable(("trial", "time"), long_name="weight in the loss", unit="1"),
        "fed_back": Variable(
            ("time",), INTEGER, "step whose outputs are the inputs here, -1: given inputs", "step", optional=True
        ),
    },
    GROUPS,
)
TRAINED_ON = f"{TRIALS.kind}/train"  # that group, as artifacts name it among what they were made from
BOUND = "1 if {} is an upper bound: too few steps for the joint entropy"
COMPLEXITY = Schema(
    "complexity",
    {
        "input_entropy": Variable((), long_name="entropy of the input at a step, all channels", unit="bit"),
        "input_entropy_is_bound": Variable((), INTEGER, BOUND.format("input_entropy"), "1", optional=True),
        "input_entropy_sum": Variable((), "f", "sum of the entropies of the input channels", "bit", optional=True),
        "target_entropy": Variable((), long_name="entropy of the target at a step, all channels", unit="bit"),
        "target_entropy_is_bound": Variable((), INTEGER, BOUND.format("target_entropy"), "1", optional=True),
        "target_entropy_sum": Variable((), "f", "sum of the entropies of the target channels", "bit", optional=True),
        "target_dimension": Variable((), long_name="participation ratio of the target's covariance", unit="1"),
        "memory_demand": Variable((), long_name="past inputs that the target depends on", unit="step"),
        "explained_variance": Variable(
            ("window",),
            long_name="variance of the target on other trials explained by the inputs of a window that ends now",
            unit="1",
        ),
        "copied_trials": Variable(
            (),
            long_name="share of those other trials that are copies: a trial of the same inputs was learnt from",
            unit="1",
            optional=True,
        ),
    },
)
