"""The documentation builds as a site without warnings, and its generated parts are complete."""

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
#: The command of `make docs`.
BUILD = (sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet")
PLACEHOLDER = re.compile(r"<!-- generated: ([\w-]+) -->")
#: The documented statuses. A row is `creating` only while its POST is in progress; this status is
#: not shown to users.
STATUSES = [status for status in Status if status is not Status.CREATING]


def build(source: Path, target: Path) -> tuple[int, str]:
    """Build the site; returns the exit code and the warnings."""
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
    """Returns a function that returns the HTML of a page of the built site."""
    package("sphinx")
    target = tmp_path_factory.mktemp("site")
    assert build(DOCS, target) == (0, "")
    return lambda name: (target / name).read_text(encoding="utf-8")


def missing(page: str, names: Iterable[str]) -> set[str]:
    """Return the names that the page does not contain."""
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    return {name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)}


def test_the_generated_pages_are_complete(site: Callable[[str], str]) -> None:
    options = [f"--{option.key}" for option in OPTIONS.values()]
    assert not missing(site("reference/options.html"), options)
    assert not missing(site("reference/commands.html"), [*HELP, *options])
    assert not missing(site("reference/statuses.html"), [*STATUSES, *FailureCode])
    assert not missing(site("verify.html"), Verdict)
    assert not missing(site("sandbox.html"), [field.name for field in fields(Knobs)])


def test_every_problem_code_has_a_section(site: Callable[[str], str]) -> None:
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
def test_a_broken_link_fails_the_build(
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
    texts = [page.path.read_text("utf-8") for page in USERS_PAGES]
    placeholders = [name for text in texts for name in PLACEHOLDER.findall(text)]
    assert sorted(placeholders) == sorted(parts)
