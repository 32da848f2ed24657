"""A configuration file is read strictly, and every mistake is named by file and line."""

import json

import pytest
import yaml

from conftest import SCHEMA
from degeneracy.errors import UserError
from degeneracy.experiment.resolve import resolve
from degeneracy.experiment.validation import located
from degeneracy.experiment.written import places_in, typed

FILE = """\
seeds: 2
model: { width: 8 }
training:
  threshold: 10.0
tasks:
  flip_flop: { task: { time_steps: 12 } }
sweeps:
  channels: &channels
    task: flip_flop
    factor: task.channels
    levels: [2, 3]
  again:
    <<: *channels
    levels: [4, 5]
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A function that writes `config.yaml` into the working directory."""
    monkeypatch.chdir(tmp_path)
    return lambda content: (tmp_path / "config.yaml").write_bytes(
        content.encode() if isinstance(content, str) else content
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("seeds: 1\nmodel: {}\nseeds: 2\n", "line 3: seeds: given twice, first in line 1; must be given once"),
        ("sweeps:\n  a: {}\n  b: {}\n  a: {}\n", "line 4: sweeps.a: given twice, first in line 2; must be given once"),
        ("model: { width: 1, width: 1 }", "line 1: model.width: given twice"),
        ("seeds: 1\n'seeds': 2\n", "line 2: seeds: given twice"),
        ("seeds: 1\n---\nseeds: 2\n", "line 3: given a second document, must be one"),
        ("model:\n\twidth: 8\n", "line 2: given a tab, must be spaces"),
        ("seeds: 1\n# naïve\n".encode("latin-1"), "line 2: given the byte 0xef, must be UTF-8"),
        (FILE.encode("utf-16"), "line 1: given the byte 0xff, must be UTF-8"),
        ("", "line 1: given no keys, must be a configuration, with the key sweeps"),
        ("# nothing\n---\n", "line 1: given no keys"),
        ("- flip_flop\n", "line 1: given no keys"),
        ("seeds: 1\nmodel: { width: 8\n", "must be YAML"),
    ],
)
def test_a_file_that_would_be_misread_is_one_sentence_with_its_line(content, said, file):
    file(content)
    with pytest.raises(UserError) as caught:
        places_in(["config.yaml"])
    assert str(caught.value).startswith("config.yaml, line ") and said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [FILE, FILE.replace("\n", "\r\n"), b"\xef\xbb\xbf" + FILE.encode(), FILE.replace("seeds: 2", "seeds: 2 # π")],
)
def test_every_key_has_its_line(content, file):
    file(content)
    places = places_in(["config.yaml"])
    assert places["training.threshold"] == "config.yaml, line 4"
    assert places["tasks.flip_flop.task.time_steps"] == "config.yaml, line 6"
    assert places["sweeps.again.factor"] == "config.yaml, line 10", "where it is merged from"
    assert places["sweeps.again.levels"] == "config.yaml, line 14"


def test_json_with_tabs_has_lines_too(file):
    file(json.dumps({"seeds": 1, "model": {"width": 8}}, indent="\t"))
    assert places_in(["config.yaml"])["model.width"] == "config.yaml, line 4"


def test_later_files_and_the_command_line_win(file, tmp_path):
    file(FILE)
    (tmp_path / "more.yaml").write_text("\nseeds: 3\ntraining: { patience: 1 }\n")
    places = places_in(["config.yaml", "more.yaml"], {"training": {"patience": "2"}})
    assert places["seeds"] == "more.yaml, line 2" and places["training.threshold"] == "config.yaml, line 4"
    assert places["training.patience"] == "--config"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("width: 8", "width: 0", "config.yaml, line 2: model.width: given 0, must be"),
        ("threshold", "treshold", 'config.yaml, line 4: training: unknown key "treshold"; did you mean "threshold"?'),
        ("seeds", "sead", 'config.yaml, line 1: unknown key "sead"; did you mean "seeds"?'),
        ("time_steps: 12", "time_steps: 1", "config.yaml, line 6: tasks.flip_flop.task.time_steps: given 1"),
        ("[2, 3]", "[2, 99]", "config.yaml, line 11: sweeps.channels.levels: given 99"),
        ("sweeps:", "sweeps: {}\nmaps:", "config.yaml, line 7: sweeps: given {}, must have at least 1 key"),
        ("seeds: 2", "metrics: [dsq]", "config.yaml, line 1: metrics: unknown metric"),
        ("seeds: 2", "figures: [gamma]\nmetrics: [dsa]", "config.yaml, line 1: figures: gamma is not drawn"),
    ],
)
def test_a_mistake_is_named_by_the_line_where_it_is_written(old, new, said, file):
    text = FILE.replace("  again:\n    <<: *channels\n    levels: [4, 5]\n", "").replace(old, new)
    file(text)
    try:
        (sentence,) = resolve(yaml.safe_load(text), SCHEMA, places_in(["config.yaml"])).notes
    except UserError as error:
        sentence = str(error)
    assert sentence.startswith(said)


def test_a_key_that_is_missing_is_named_by_the_file(file):
    file("seeds: 2\n")
    with pytest.raises(UserError, match=r"^config\.yaml: sweeps is missing"):
        resolve({"seeds": 2}, SCHEMA, places_in(["config.yaml"]))
    assert located("config: seeds: given 0", {}) == "config: seeds: given 0", "where no file is known"


def test_values_of_the_command_line_are_read_as_yaml_and_no_others(tiny):
    given = {"training": {"learning_rate": "0.1"}, "metrics": ["dsa"], "figures": "null"}
    config = tiny | {"training": {"learning_rate": "0.1", "threshold": "1"}, "metrics": ["dsa"], "figures": "null"}
    read = typed(config, given)
    assert read["training"] == {"learning_rate": 0.1, "threshold": "1"}
    assert read["metrics"] == ["dsa"] and read["figures"] is None
    assert read["sweeps"] == tiny["sweeps"]
    levels = {"sweeps": {"channels": {"levels": ["2", "3.0"]}}}
    assert typed(levels, levels) == {"sweeps": {"channels": {"levels": [2, 3.0]}}}


def test_a_wrong_value_of_the_command_line_is_named_so(tiny, file):
    file(FILE)
    given = {"training": {"learning_rate": "-1"}}
    tiny["training"]["learning_rate"] = "-1"
    with pytest.raises(UserError, match=r"^--config: training\.learning_rate: given -1, must be a number above 0$"):
        resolve(typed(tiny, given), SCHEMA, places_in(["config.yaml"], given))
