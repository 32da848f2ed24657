"""What statistics artifacts and the table of directions hold."""

from degeneracy.artifacts.schema import FLAG, FLOAT, INTEGER, TEXT, Schema, Variable

LEVEL, MEASURE, BOTH, ROW = ("level",), ("measure",), ("level", "measure"), ("row",)
HALF = ("half", "measure")
UNIT = "units of the measure"
REMARK = "what is not given, and why; what is assumed"
PERCENT = "fitted change from the first to the last level in percent of the first"
TEST = "what the test permutes: networks, deviations from the centre of their level, contributions to its distances"
MONOTONE = "whether the other levels lie between the first and the last: yes, no or unclear"
STATISTICS = Schema(
    "statistics",
    {
        "measure_unit": Variable(MEASURE, TEXT, "unit of the measure", "1"),
        "degeneracy": Variable(BOTH, FLOAT, "mean pairwise distance or spread", UNIT),
        "standard_error": Variable(
            BOTH, FLOAT, "standard error, by the network jackknife (mad: by the bootstrap)", UNIT
        ),
        "interval_low": Variable(BOTH, FLOAT, "lower end of the interval; NaN where there is none", UNIT),
        "interval_high": Variable(BOTH, FLOAT, "upper end of the interval; NaN where there is none", UNIT),
        "contribution": Variable((*BOTH, "network"), FLOAT, "contribution of each network", UNIT),
        "floor": Variable(BOTH, FLOAT, "mean distance of a network from itself, on other trials", UNIT),
        "excess": Variable(
            BOTH, FLOAT, "mean distance beyond the floor, both between probe and replicate trials", UNIT
        ),
        "excess_low": Variable(BOTH, FLOAT, "lower end of its interval; NaN where there is none", UNIT),
        "excess_high": Variable(BOTH, FLOAT, "upper end of its interval; NaN where there is none", UNIT),
        "resolved": Variable(BOTH, FLAG, "1 unless the floor is more than a quarter of the degeneracy or unknown", "1"),
        "ceiling": Variable(BOTH, FLOAT, "mean distance before training", UNIT),
        "bound": Variable(BOTH, FLOAT, "mean of the proven lower bounds of the distances", UNIT),
        "snapshot_degeneracy": Variable(
            (*BOTH, "snapshot"),
            FLOAT,
            "degeneracy of the networks as they were at a loss in training",
            UNIT,
            optional=True,
        ),
        "snapshot_interval_low": Variable((*BOTH, "snapshot"), FLOAT, "lower end of its interval", UNIT, optional=True),
        "snapshot_interval_high": Variable(
            (*BOTH, "snapshot"), FLOAT, "upper end of its interval", UNIT, optional=True
        ),
        "snapshot_percent": Variable(
            ("measure", "snapshot"), FLOAT, "fitted change at matched loss, in percent of the first", "%", optional=True
        ),
        "snapshot_percent_low": Variable(
            ("measure", "snapshot"), FLOAT, "lower end of the interval of that change", "%", optional=True
        ),
        "snapshot_percent_high": Variable(
            ("measure", "snapshot"), FLOAT, "upper end of the interval of that change", "%", optional=True
        ),
        "snapshot_n_used": Variable(
            ("level", "snapshot"), INTEGER, "networks that converged and have a snapshot there", "1", optional=True
        ),
        "trend": Variable(MEASURE, FLOAT, "fitted change from the first to the last level", UNIT),
        "trend_error": Variable(MEASURE, FLOAT, "standard error of the trend", UNIT, optional=True),
        "trend_low": Variable(MEASURE, FLOAT, "lower end of the trend's interval", UNIT),
        "trend_high": Variable(MEASURE, FLOAT, "upper end of the trend's interval", UNIT),
        "percent": Variable(MEASURE, FLOAT, PERCENT, "%"),
        "percent_low": Variable(MEASURE, FLOAT, "lower end of the interval of the change", "%"),
        "percent_high": Variable(MEASURE, FLOAT, "upper end of the interval of the change", "%"),
        "trend_permutation_p": Variable(MEASURE, FLOAT, "two-sided p-value of no trend, by permutation", "1"),
        "half_trend": Variable(HALF, FLOAT, "the trend in the networks of even and of odd seeds", UNIT, optional=True),
        "half_percent": Variable(HALF, FLOAT, "the same in percent of the first level", "%", optional=True),
        "half_n_used": Variable(("half", "level"), INTEGER, "networks used of each half", "1", optional=True),
        "test": Variable(MEASURE, TEXT, TEST, "1"),
        "monotone": Variable(MEASURE, TEXT, MONOTONE, "1"),
        "remark": Variable(MEASURE, TEXT, REMARK, "1"),
        "n_networks": Variable(LEVEL, INTEGER, "networks trained", "1"),
        "n_used": Variable(LEVEL, INTEGER, "networks used", "1"),
        "n_not_converged": Variable(LEVEL, INTEGER, "networks that did not converge", "1"),
        "n_diverged": Variable(LEVEL, INTEGER, "networks that diverged", "1"),
        "completeness": Variable(
            LEVEL, FLOAT, "share of what the metric counts that it found, as estimated", "1", optional=True
        ),
        "completeness_error": Variable(LEVEL, FLOAT, "standard error of this share", "1", optional=True),
        "ood_over_probe": Variable(
            LEVEL,
            FLOAT,
            "OOD loss over loss on the probe trials, median of the networks used",
            "1",
            optional=True,
        ),
        "ood_over_probe_lowest": Variable(LEVEL, FLOAT, "lowest of these ratios", "1", optional=True),
        "ood_over_probe_highest": Variable(LEVEL, FLOAT, "highest of these ratios", "1", optional=True),
    },
)
DIRECTIONS = Schema(
    "directions",
    {
        "sweep": Variable(ROW, TEXT, "sweep", "1"),
        "task": Variable(ROW, TEXT, "task", "1"),
        "factor": Variable(ROW, TEXT, "factor", "1"),
        "paper_factor": Variable(ROW, TEXT, "name of the factor in the paper's table", "1"),
        "metric": Variable(ROW, TEXT, "metric, or the name of a variant of it", "1"),
        "variant_of": Variable(ROW, TEXT, "metric that it is a variant of; empty if it is none", "1"),
        "metric_level": Variable(ROW, TEXT, "aspect of the networks", "1"),
        "measure": Variable(ROW, TEXT, "measure", "1"),
        "measure_name": Variable(ROW, TEXT, "measure in words", "1", optional=True),
        "measure_unit": Variable(ROW, TEXT, "unit of the measure", "1"),
        "primary": Variable(ROW, FLAG, "whether this is the measure of the paper for its aspect", "1"),
        "preferred": Variable(ROW, FLAG, "whether this is the measure that we trust most for its aspect", "1"),
        "levels": Variable(ROW, TEXT, "levels in the order of the trend", "1"),
        "n_used": Variable(ROW, TEXT, "networks that converged, at each level", "1"),
        "n_networks": Variable(ROW, TEXT, "networks trained, at each level", "1"),
        "first_degeneracy": Variable(ROW, FLOAT, "degeneracy at the first level", "units of the measure"),
        "trend": Variable(ROW, FLOAT, "fitted change from the first to the last level", "units of the measure"),
        "trend_low": Variable(ROW, FLOAT, "lower end of the trend's interval", "units of the measure"),
        "trend_high": Variable(ROW, FLOAT, "upper end of the trend's interval", "units of the measure"),
        "percent": Variable(ROW, FLOAT, PERCENT, "%"),
        "percent_low": Variable(ROW, FLOAT, "lower end of the interval of the change", "%"),
        "percent_high": Variable(ROW, FLOAT, "upper end of the interval of the change", "%"),
        "trend_permutation_p": Variable(ROW, FLOAT, "two-sided p-value of no trend, by permutation", "1"),
        "holm_p": Variable(ROW, FLOAT, "that p-value, adjusted for all compared rows of the paper factor (Holm)", "1"),
        "test": Variable(ROW, TEXT, TEST, "1"),
        "monotone": Variable(ROW, TEXT, MONOTONE, "1"),
        "resolved": Variable(ROW, FLAG, "whether all levels are resolved; there is no arrow otherwise", "1"),
        "arrow": Variable(
            ROW, TEXT, "direction of the change: up, down, or unclear unless interval and test agree on it", "1"
        ),
        "robust": Variable(ROW, FLAG, "whether the arrow holds beyond its own settings and networks", "1"),
        "doubts": Variable(ROW, TEXT, "what keeps an arrow from being robust", "1"),
        "variants": Variable(ROW, INTEGER, "variants counted, this row included; equal changes count once", "1"),
        "percent_replicate": Variable(
            ROW, FLOAT, "the change between probe and replicate trials, a variant of it", "%"
        ),
        "sign_agreement": Variable(ROW, FLOAT, "share of the variants whose change has this sign", "1"),
        "halves_agree": Variable(
            ROW, TEXT, "whether the networks of even and of odd seeds have this sign: yes, no or not judged", "1"
        ),
        "paper_arrow": Variable(ROW, TEXT, "direction in the paper", "1"),
        "agreement": Variable(ROW, TEXT, "whether our direction agrees with that of the paper", "1"),
        "remark": Variable(ROW, TEXT, REMARK, "1"),
    },
)
