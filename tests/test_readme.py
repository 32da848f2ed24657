"""The README files: their generated tables are up to date, and what they point to is there."""

import re

import pytest

import update_readme
from conftest import ROOT
from degeneracy.plugins.discovery import KINDS

FOLDERS = (".", ".github", "workflow", "slurm", "resources", "resources/*", "tests/benchmarks")
PAGES = {path.relative_to(ROOT).as_posix(): path for folder in FOLDERS for path in ROOT.glob(f"{folder}/*.md")}
PLACES = [(path, name) for path, tables in update_readme.TABLES.items() for name in tables]


@pytest.mark.parametrize(("path", "name"), PLACES, ids=[name for _, name in PLACES])
def test_a_generated_table_is_up_to_date(path, name):
    text, made = path.read_text(encoding="utf-8"), update_readme.TABLES[path][name]()
    stands = text.partition(f"<!-- generated: {name} -->\n")[2].partition("<!-- end -->")[0].splitlines()
    stale = set(stands) - set(made.splitlines())
    missing = [] if name in KINDS else set(made.splitlines()) - set(stands)  # a plug-in may be there and not listed yet
    assert stands and not stale and not missing, "run python workflow/scripts/update_readme.py"


def anchors(page: str) -> set[str]:
    """The names by which a link reaches the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings_that_are_there(page):
    text = PAGES[page].read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith("http"):
            name, _, anchor = target.partition("#")
            path = (PAGES[page].parent / name).resolve() if name else PAGES[page]
            assert path.exists(), f"{page}: {target}"
            assert not anchor or anchor in anchors(path.read_text(encoding="utf-8")), f"{page}: {target}"


def test_the_first_page_stays_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) < 950
