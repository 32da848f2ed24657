"""What a study says of the paper's claims, from rows with known content, and the README that tells it."""

import csv
import subprocess
import sys

import pytest

from conftest import SCRIPTS
from degeneracy.report import rows as table
from degeneracy.report import study
from degeneracy.report.claims import claims

ROW = {
    **{"sweep": "width", "task": "flip_flop", "factor": "model.width", "levels": "32, 64", "paper_factor": "width"},
    **{"metric": "dsa", "metric_level": "dynamics", "measure": "distance", "measure_name": "DSA distance"},
    **{"measure_unit": "1", "primary": "True", "preferred": "True", "n_used": "24, 23", "n_networks": "24, 24"},
    **{"percent": "-12.4", "percent_low": "-15", "percent_high": "-9", "trend": "-1", "trend_low": "-2"},
    **{"trend_high": "-0.5", "trend_permutation_p": "0.01", "resolved": "True", "arrow": "down", "robust": "True"},
    **{"doubts": "", "variants": "4", "sign_agreement": "1.0", "halves_agree": "yes", "agreement": "agrees"},
    **{"variant_of": "", "remark": "", "paper_arrow": "down"},
}
UNCLEAR = {"arrow": "unclear", "robust": "False", "agreement": "unclear"}
POWER = {"sweep": "width", "metric": "dsa", "measure": "distance", "n_used": "24", "sd_log_ratio": "0.2"}


@pytest.mark.parametrize(
    ("changed", "verdict", "why"),
    [
        ({}, "holds", "robust"),
        ({"arrow": "up", "agreement": "disagrees"}, "opposite", "robust"),
        (
            {"robust": "False", "doubts": "not in both halves of the seeds"},
            "not answered",
            "the interval agrees with the paper, but: not in both halves of the seeds",
        ),
        (
            UNCLEAR | {"percent_high": "3"},
            "not answered",  # 1 - exp(-2.8 × 0.2)
            "the interval contains 0; 24 networks a level show a fall by 43% or more",
        ),
        (
            UNCLEAR | {"percent_high": "3", "paper_arrow": "up"},
            "not answered",  # exp(2.8 × 0.2) - 1
            "the interval contains 0; 24 networks a level show a rise by 75% or more",
        ),
        (UNCLEAR, "not answered", "the permutation test does not see the change (p = 0.01)"),
        (UNCLEAR | {"remark": "few; not resolved at 64"}, "not answered", "not resolved at 64"),
    ],
)
def test_only_a_robust_arrow_answers_a_claim(changed, verdict, why):
    found = [claim for claim in claims([ROW | changed], [POWER]) if claim.answers]
    assert [(claim.factor, claim.aspect) for claim in found] == [("width", "dynamics")]
    assert found[0].answers[0][1:] == (verdict, why)
    assert f"{verdict} in 1" in found[0].summary


def test_a_change_has_its_interval_or_is_not_told():
    assert table.change(ROW) == "−12% [−15, −9]"
    no_ratio = ROW | dict.fromkeys(("percent", "percent_low", "percent_high"), "") | {"measure_unit": "rad"}
    assert table.change(no_ratio) == "−1.00 rad [−2.00, −0.500]"
    assert table.change(no_ratio | {"trend_low": "", "trend_high": ""}) == "no interval"


def write(path, rows):
    path.parent.mkdir(exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ROW)
        writer.writeheader()
        writer.writerows(rows)


def test_arrows_that_turn_with_new_seeds_are_counted(tmp_path):
    interval_only, unclear = {"sweep": "delay", "robust": "False"}, UNCLEAR | {"sweep": "bits"}
    unknown = ROW | {"sweep": "one level", "trend": ""}
    write(
        tmp_path / "directions.csv", [ROW, ROW | interval_only, ROW | unclear, ROW | {"sweep": "not repeated"}, unknown]
    )
    up = {"trend": "1", "percent": "20", "percent_low": "9", "percent_high": "30", "arrow": "up"}
    write(
        tmp_path / "replication.csv",
        [ROW, ROW | interval_only | up, ROW | {"sweep": "bits"} | up, ROW | {"sweep": "one level"}],
    )
    said = study.replication(tmp_path)
    assert said.startswith("Robust (bold) here or there: 2 changes; in both: 1; with different signs: 1.")
    assert "| **↓ −12% [−15, −9]** | **↓ −12% [−15, −9]** |" in said
    assert "| ↓ −12% [−15, −9] | ↑ +20% [9, 30] |" in said and "| ~ −12% [−15, −9] | **↑ +20% [9, 30]** |" in said
    assert said.count("\n") == 6  # two of the sentence, two of the head, three rows


def test_a_study_gets_a_readme_with_its_findings_first(tmp_path):
    write(tmp_path / "statistics" / "directions.csv", [ROW])
    subprocess.run([sys.executable, SCRIPTS / "update_readme.py", tmp_path], check=True)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    effect = "| ↓ −12% [−15, −9] | 24, 23 of 24 | yes | 4/4 variants; halves: yes | robust |"
    places = [text.index(part) for part in ("holds in 1", effect, "the paper's table, width, dynamics ↓", "**↓ −12%")]
    assert places == sorted(places) and "Networks: 47 of 48 converged" in text
