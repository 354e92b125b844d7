"""Installs the wheel with uv, with pipx, and by hashes, and runs the demo.

`make package-test` builds the wheel first. With uv, the wheel is installed on every supported
version of Python that this machine has, or on those that the environment variable PYTHONS names,
separated by spaces.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SUPPORTED = ("3.11", "3.12", "3.13", "3.14")
#: Time limit of a command in seconds; an installation downloads 40 MB.
TIMEOUT_SECONDS = 300


def run(*command: object, **environ: str) -> str:
    """Run a command that must succeed, with further environment variables; returns its output."""
    done = subprocess.run(
        list(map(str, command)), env={**os.environ, **environ}, cwd=environ.get("PWD"),
        capture_output=True, text=True, encoding="utf-8", check=False, timeout=TIMEOUT_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def interpreters() -> Iterator[str]:
    """Yield the supported Pythons of this machine; none is downloaded."""
    if names := os.environ.get("PYTHONS"):
        yield from names.split()
        return
    for version in SUPPORTED:
        done = subprocess.run(
            [BIN / "uv", "python", "find", "--no-python-downloads", version],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            yield done.stdout.strip()


@pytest.fixture
def wheel() -> Path:
    (path,) = (ROOT / "build/dist").glob("*.whl")
    return path


def run_demo(command: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    # Some rows of the demo fail on purpose. Therefore its exit code is 1.
    done = subprocess.run(
        [command, "demo"], cwd=folder, capture_output=True, text=True, encoding="utf-8",
        check=False, timeout=TIMEOUT_SECONDS,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    assert "imported" in done.stdout
    assert (folder / "output/demo/results.xlsx").is_file()


@pytest.mark.parametrize("python", list(interpreters()))
def test_uv_installs_the_wheel(wheel: Path, tmp_path: Path, python: str) -> None:
    folders = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
    run(BIN / "uv", "tool", "install", "--quiet", "--python", python, wheel, **folders)
    run_demo(tmp_path / "bin/batch-import", tmp_path / "work")


def test_pipx_installs_the_wheel(wheel: Path, tmp_path: Path) -> None:
    folders = {"PIPX_HOME": str(tmp_path / "pipx"), "PIPX_BIN_DIR": str(tmp_path / "bin")}
    run(BIN / "pipx", "install", "--python", sys.executable, wheel, **folders)
    run_demo(tmp_path / "bin/batch-import", tmp_path / "work")


def test_the_packages_in_constraints_txt_are_enough(wheel: Path, tmp_path: Path) -> None:
    """Install as the container file does: each package must have one of the listed hashes."""
    venv = tmp_path / "venv"
    run(BIN / "uv", "venv", "--quiet", "--python", sys.executable, venv)
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = (BIN / "uv", "pip", "install", "--quiet", "--python", python)
    run(*install, "--require-hashes", "-r", ROOT / "constraints.txt")
    run(*install, "--no-deps", wheel)
    run_demo(python.with_name("batch-import"), tmp_path / "work")


def test_the_source_distribution_has_all_tracked_files(tmp_path: Path) -> None:
    (sdist,) = (ROOT / "build/dist").glob("*.tar.gz")
    shutil.unpack_archive(sdist, tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    for name in ("CHANGELOG.md", "docs/index.md", "tests/conftest.py", "constraints.txt"):
        assert (unpacked / name).is_file(), name
    tracked = run("git", "-C", ROOT, "ls-files").splitlines()
    not_packed = (".github", ".gitignore", ".gitattributes")
    missing = [
        name for name in tracked
        if not (unpacked / name).is_file() and not name.startswith(not_packed)
    ]  # fmt: skip
    assert not missing
    run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/test_job.py",
        PWD=str(unpacked), PYTHONPATH=str(unpacked))  # fmt: skip
