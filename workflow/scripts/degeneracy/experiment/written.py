"""Where a configuration is written: the file and line of each of its keys, or the command line.

Snakemake reads the files, too, but takes the last of two equal keys without a word and names no lines. So we read them
strictly, and keep the lines for the sentences about mistakes.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from degeneracy.errors import UserError
from degeneracy.experiment.validation import Places

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # that of C is ten times as fast
COMMAND_LINE = "--config"


def places_in(files: Iterable[str | os.PathLike], given: Mapping = {}) -> Places:
    """Places of all keys of some files, of which later ones win, and of what is `given` on the command line.

    Raises UserError, naming the file and the line, for a file that is not UTF-8, no YAML, empty, of two documents, no
    mapping, or with a key that is there twice.
    """
    places: Places = {}
    for file in files:
        places |= _of_file(os.path.relpath(file) if Path(file).is_relative_to(Path.cwd()) else str(file))
    return places | dict.fromkeys(_keys(given), COMMAND_LINE)


def typed(config: Any, given: Any) -> Any:
    """A configuration in which what is `given` on the command line, where Snakemake reads texts, is read as YAML is."""
    if isinstance(given, dict) and isinstance(config, dict):
        return {key: typed(value, given[key]) if key in given else value for key, value in config.items()}
    if isinstance(given, list) and isinstance(config, list):
        return [typed(value, value) for value in config]
    if isinstance(config, str):
        tag = Loader("").resolve(yaml.ScalarNode, config, (True, False))
        return Loader("").construct_object(yaml.ScalarNode(tag, config))
    return config


def _keys(given: Mapping, above: str = "") -> list[str]:
    """The keys of a nested mapping, joined by dots."""
    own = [(_below(above, key), value) for key, value in given.items()]
    return [each for key, value in own for each in (key, *(_keys(value, key) if isinstance(value, dict) else ()))]


def _below(above: str, key: Any) -> str:
    return f"{above}.{key}" if above else str(key)


def _of_file(file: str) -> Places:
    text = _text(file)
    try:
        node = _document(text, file)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line if mark else text.count("\n", 0, getattr(error, "position", 0))
        if "\t" in dict(enumerate(text.splitlines())).get(line, ""):
            raise UserError(f"{file}, line {line + 1}: given a tab, must be spaces") from None
        problem = getattr(error, "problem", None) or getattr(error, "reason", "") or "not readable"
        raise UserError(f"{file}, line {line + 1}: {problem}, must be YAML") from None
    places = {"": file}
    _collect(node, "", file, places)
    return places


def _text(file: str) -> str:
    content = Path(file).read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{file}, line {line}: given the byte {content[error.start]:#04x}, must be UTF-8") from None
    try:
        json.loads(text)
    except ValueError:
        return text
    return text.replace("\t", " ")  # a JSON file is YAML but for its tabs


def _document(text: str, file: str) -> yaml.MappingNode:
    """The node of the one document of a file."""
    loader, node = Loader(text), None
    try:
        if loader.check_node():
            node = loader.get_node()
        if loader.check_node():
            line = loader.get_node().start_mark.line + 1
            raise UserError(f"{file}, line {line}: given a second document, must be one (remove the line ---)")
    finally:
        loader.dispose()
    if not isinstance(node, yaml.MappingNode):
        raise UserError(f"{file}, line 1: given no keys, must be a configuration, with the key sweeps")
    return node


def _collect(node: yaml.Node, above: str, file: str, places: Places) -> None:
    """Add the places of the keys of a node. Raises UserError if a key is there twice."""
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[tuple[str, str], int] = {}
    for key, value in sorted(node.value, key=lambda pair: not _merges(pair[0])):  # what is merged in comes first
        if _merges(key):
            for part in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                _collect(part, above, file, places)
        elif isinstance(key, yaml.ScalarNode):
            where, line, known = _below(above, key.value), key.start_mark.line + 1, (key.tag, key.value)
            if known in lines:
                raise UserError(
                    f"{file}, line {line}: {where}: given twice, first in line {lines[known]}; must be given once"
                )
            lines[known] = line
            places[where] = f"{file}, line {line}"
            _collect(value, where, file, places)


def _merges(key: yaml.Node) -> bool:
    return key.tag == "tag:yaml.org,2002:merge"
