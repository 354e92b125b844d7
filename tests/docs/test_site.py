"""The documentation builds as a site, strictly, and its generated parts hold all that there is."""

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path

import pytest
from pages import ROOT, USERS_PAGES

from batch_import.cli.names import HELP
from batch_import.cli.options import OPTIONS
from batch_import.failure_codes import FailureCode
from batch_import.models import Status
from batch_import.sandbox.knobs import Knobs
from batch_import.verification.verdict import Verdict

DOCS = ROOT / "docs"
#: What `make docs` runs.
BUILD = (sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet")
MARK = re.compile(r"<!-- generated: ([\w-]+) -->")
#: A row is `creating` while its POST is in progress; people never see it.
STATUSES = [status for status in Status if status is not Status.CREATING]


def build(source: Path, target: Path) -> tuple[int, str]:
    done = subprocess.run(
        [*BUILD, "-c", DOCS, source, target],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=100,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, package: Callable[[str], object]
) -> Callable[[str], str]:
    """The text of a page of the built site."""
    package("sphinx")
    target = tmp_path_factory.mktemp("site")
    assert build(DOCS, target) == (0, "")
    return lambda name: (target / name).read_text(encoding="utf-8")


def missing(page: str, names: Iterable[str]) -> set[str]:
    """Names that are not code on the page."""
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    return {name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)}


def test_the_generated_pages_hold_everything(site: Callable[[str], str]) -> None:
    options = [f"--{option.key}" for option in OPTIONS.values()]
    assert not missing(site("reference/options.html"), options)
    assert not missing(site("reference/commands.html"), [*HELP, *options])
    assert not missing(site("reference/statuses.html"), [*STATUSES, *FailureCode])
    assert not missing(site("verify.html"), Verdict)
    assert not missing(site("sandbox.html"), [field.name for field in fields(Knobs)])


def test_every_problem_of_the_messy_sample_has_a_section(site: Callable[[str], str]) -> None:
    page = site("reference/problems.html")
    codes = re.findall(r'<section id="([\w-]+)">\n<h2>', page)
    assert {"url-scheme", "duplicate-reference", "width", "source-missing"} <= set(codes)
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("[a page](nowhere.md)", "nowhere"),
        ("[a heading](#nowhere)", "nowhere"),
        ("{option}`--no`", "--no"),
    ],
)
def test_a_broken_link_fails(
    text: str, target: str, tmp_path: Path, package: Callable[[str], object]
) -> None:
    package("sphinx")
    source = tmp_path / "source"
    source.mkdir()
    (source / "index.md").write_text(f"# Title\n\n{text}\n", encoding="utf-8")
    code, warnings = build(source, tmp_path / "target")
    assert code
    assert target in warnings


def test_every_generated_part_has_one_place(package: Callable[[str], object]) -> None:
    package("sphinx")
    sys.path.insert(0, str(DOCS))
    parts = importlib.import_module("generate").PARTS
    marks = [name for page in USERS_PAGES for name in MARK.findall(page.path.read_text("utf-8"))]
    assert sorted(marks) == sorted(parts)
