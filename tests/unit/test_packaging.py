"""The metadata of the package is correct, and no file names an index of packages."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONSTRAINTS = (ROOT / "constraints.txt", ROOT / "constraints-shared.txt")
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("path", CONSTRAINTS, ids=lambda path: path.name)
def test_each_dependency_is_constrained_to_one_version_with_hashes(path: Path) -> None:
    packages = re.split(r"^(?=\w)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    names = {re.match(r"[\w-]+", each)[0] for each in packages}  # type: ignore[index]
    shared = PROJECT["optional-dependencies"]["shared"] if "shared" in path.name else []
    wanted = {re.match(r"[\w-]+", each)[0] for each in PROJECT["dependencies"] + shared}  # type: ignore[index]
    assert wanted <= names
    for each in packages:
        assert re.match(r"[\w-]+==\S+ ", each), each
        assert "--hash=sha256:" in each, each


@pytest.mark.parametrize(
    "path", [*CONSTRAINTS, ROOT / "pyproject.toml", ROOT / "Containerfile", *WORKFLOWS],
    ids=lambda path: path.name,
)  # fmt: skip
def test_no_package_index_is_named(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"index-url|pypi\.org|pythonhosted|trusted-host", text)


def test_the_test_matrix_has_every_python_version_of_the_classifiers() -> None:
    classified = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    jobs = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text("utf-8"))["jobs"]
    matrix = jobs["systems"]["strategy"]["matrix"]
    assert matrix["python"] == classified
    assert {name.split("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}
    assert PROJECT["requires-python"] == f">={classified[0]}"


def test_only_a_tag_publishes_and_no_token_is_stored() -> None:
    text = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert workflow[True] == {"push": {"tags": ["v*"]}}  # YAML 1.1 reads `on` as true
    assert workflow["jobs"]["publish"]["permissions"] == {"id-token": "write"}
    assert workflow["jobs"]["build"]["needs"] == "check"
    assert "secrets." not in text
    assert "password" not in text


def test_the_container_has_all_files_that_the_package_is_built_from() -> None:
    lines = (ROOT / "Containerfile").read_text(encoding="utf-8").splitlines()
    copied = [name for line in lines if line.startswith("COPY") for name in line.split()[1:-1]]
    assert all((ROOT / name).exists() for name in copied)
    assert {PROJECT["readme"], *PROJECT["license-files"], "pyproject.toml"} <= set(copied)
    assert 'ENTRYPOINT ["batch-import"]' in lines
    user, entry = lines.index("USER migration"), lines.index('ENTRYPOINT ["batch-import"]')
    assert user < entry
