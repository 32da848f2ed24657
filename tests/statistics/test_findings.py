"""The findings in words, from a table with known content."""

import csv
import subprocess
import sys

import pytest

from conftest import SCRIPTS
from degeneracy.statistics.findings import MOST, findings

ROW = {
    **{"sweep": "channels", "task": "flip_flop", "factor": "task.channels", "levels": "2, 3, 4"},
    **{"metric": "permutation_distance", "measure_name": "permutation distance", "measure_unit": "1"},
    **{"n_used": "10, 10, 10", "preferred": "True", "arrow": "up", "monotone": "yes"},
    **{"percent": "12.04", "percent_low": "9.0", "percent_high": "15.0"},
    **{"variant_of": "", "doubts": ""},
    **{"trend": "0.3", "trend_low": "0.2", "trend_high": "0.4"},
}


@pytest.fixture
def table(tmp_path):
    """Writes rows that change some values of ROW as a table, and returns its path."""

    def write(*rows):
        path = tmp_path / "results" / "statistics" / "directions.csv"
        path.parent.mkdir(parents=True)
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ROW)
            writer.writeheader()
            writer.writerows(ROW | changed for changed in rows)
        return path

    return write


NO_PERCENT = dict.fromkeys(("percent", "percent_low", "percent_high"), "")
NO_TREND = NO_PERCENT | dict.fromkeys(("trend_low", "trend_high"), "")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "rises by 12% [9, 15] (n = 10 per level)"),
        (
            {"arrow": "down", "percent": "-12", "percent_low": "-15", "percent_high": "-9", "n_used": "10, 9, 8"},
            "falls by 12% [9, 15] (n = 10, 9, 8)",
        ),
        ({"doubts": "not resolved"}, "rises by 12% [9, 15]; interval only: not resolved (n = 10 per level)"),
        ({"percent": "506.2", "percent_high": "1324.8"}, "rises by 506% [9, 1,325] (n = 10 per level)"),
        ({"monotone": "no"}, "rises by 12% [9, 15], but not at every level (n = 10 per level)"),
        ({"arrow": "unclear", "percent_low": "-4"}, "shows no clear change, +12% [-4, +15] (n = 10 per level)"),
        (NO_PERCENT | {"measure_unit": "rad"}, "rises by 0.3 rad [0.2, 0.4] (n = 10 per level)"),
        (
            NO_TREND | {"arrow": "unclear"},
            "shows no clear change, +0.3: too few networks for an interval (n = 10 per level)",
        ),
        (
            NO_TREND | {"trend": "", "arrow": "unclear", "n_used": "0, 0, 0"},
            "has no known change: too few networks converged, or the levels have no order (n = 0 per level)",
        ),
    ],
)
def test_a_row_is_one_sentence(table, changed, said):
    assert findings(table(changed)) == [f"flip_flop, channels 2 → 4: permutation distance {said}"]


def test_robust_changes_come_first_and_measures_that_are_not_preferred_only_where_there_is_no_other(table):
    lines = findings(
        table(
            {"arrow": "unclear", "measure_name": "unclear"},
            {"doubts": "fewer than 3 variants", "measure_name": "doubtful"},
            {"preferred": "False", "measure_name": "left out"},
            {"metric": "dsa", "measure_name": "clear"},
            {"metric": "dsa-rank-20", "variant_of": "dsa", "measure_name": "variant"},
            {"sweep": "steps", "factor": "task.time_steps", "preferred": "False", "measure_name": "first"},
            {"sweep": "steps", "factor": "task.time_steps", "preferred": "False", "measure_name": "second"},
        )
    )
    names = [line.partition(": ")[2].partition(" ")[0] for line in lines]
    assert names == ["clear", "first", "doubtful", "unclear"] and lines[1].startswith("flip_flop, time steps 2 → 4")


def test_sweeps_of_one_factor_go_by_their_names(table):
    lines = findings(table({"sweep": "narrow"}, {"sweep": "wide"}))
    assert [line.partition(",")[0] for line in lines] == ["narrow", "wide"]


@pytest.mark.parametrize(("robust", "told"), [(2, MOST - 1), (MOST + 3, MOST + 3)])
def test_robust_changes_are_all_told_and_many_others_counted(table, robust, told):
    doubted = ({} if index < robust else {"arrow": "unclear"} for index in range(MOST + 5))
    lines = findings(table(*({"sweep": f"s{index}"} | changed for index, changed in enumerate(doubted))))
    assert lines[told:] == [f"and {MOST + 5 - told} more, none of them robust"]


def test_no_line_stands_for_a_single_change(table):
    lines = findings(table(*({"sweep": f"s{index}", "arrow": "unclear"} for index in range(MOST))))
    assert len(lines) == MOST and "more" not in lines[-1]


def test_the_script_prints_them_and_where_the_rest_is(table):
    path = table({})
    command = [sys.executable, SCRIPTS / "print_findings.py", "results/statistics/directions.csv"]
    printed = subprocess.run(command, cwd=path.parents[2], capture_output=True, text=True, check=True).stdout
    title, finding, rest = printed.splitlines()
    assert title.startswith("Findings") and "rises by 12% [9, 15]" in finding
    assert "results/statistics/directions.csv" in rest and "results/figures;" in rest


def test_a_sweep_of_a_single_level_is_no_finding(table):
    path = table({}, {"sweep": "delay", "factor": "task.delay", "levels": "20"} | NO_TREND)
    *sentences, last = findings(path)
    assert len(sentences) == 1 and "channels" in sentences[0] and last == "nothing to compare at a single level: delay"
