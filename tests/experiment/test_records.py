import os
from pathlib import Path

import pytest
from snakemake.persistence.file import FilePersistence

from degeneracy.experiment import paths, records

LONG = f"results/flip_flop/{'channels-4_' * 13}/metrics/weight_change.nc"
RESULTS = ("results/index.csv", LONG)


@pytest.fixture
def there(tmp_path, monkeypatch):
    """Results with their records, in the working directory."""
    monkeypatch.chdir(tmp_path)
    for path in RESULTS:
        for file in (path, record_of(path)):
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            Path(file).write_text("{}")


def record_of(path: str) -> str:
    """Where Snakemake keeps the record of a result."""
    persistence = FilePersistence.__new__(FilePersistence)
    persistence._max_len = 255
    return persistence._record_path(str(records.RECORDS), path)


def test_results_with_a_record_are_known(there):
    assert records.unrecorded([*RESULTS, "results/none.nc"]) == set()


@pytest.mark.parametrize("path", RESULTS)
def test_a_lost_record_is_noticed_result_by_result(there, path):
    os.remove(record_of(path))
    assert records.unrecorded(RESULTS) == {path}


def test_half_a_record_is_none(there):
    Path(record_of(LONG)).write_text('{"rule": ')
    Path(record_of(RESULTS[0])).write_text("")
    assert records.unrecorded(RESULTS) == set(RESULTS)


def test_without_any_record_all_results_are_named(there):
    Path(".snakemake").rename("elsewhere")
    assert records.unrecorded(RESULTS) == set(RESULTS)


def test_artifacts_are_kept_and_tables_are_not(there):
    records.keep([*RESULTS, "results/none.nc"])
    os.remove(LONG)
    assert paths.kept(LONG).read_text() == "{}"
    assert not paths.kept(RESULTS[0]).exists()


def test_what_an_earlier_run_kept_stays_until_there_is_something_newer(there):
    records.keep([LONG])
    os.remove(LONG)
    records.keep([LONG])  # the job has failed, and there is nothing to keep
    assert paths.kept(LONG).read_text() == "{}"
    Path(LONG).write_text("newer")
    records.keep([LONG])
    assert paths.kept(LONG).read_text() == "newer"


def test_where_a_file_has_one_name_it_is_copied(there, monkeypatch):
    def refused(*_):
        raise PermissionError

    monkeypatch.setattr(os, "link", refused)
    records.keep([LONG])
    os.remove(LONG)
    assert paths.kept(LONG).read_text() == "{}"
