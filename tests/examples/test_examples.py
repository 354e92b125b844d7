"""The files in `examples/` import a manifest into the sandbox."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import yaml

import batch_import
from batch_import.sandbox.server import SandboxServer

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
ACCESS_KEY, API_KEY = "VC-test", "a-key-that-must-not-be-seen"
Start = Callable[..., SandboxServer]
posix = pytest.mark.skipif(os.name == "nt", reason="it is written for a POSIX shell")


@pytest.fixture
def environ(sandbox: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """An environment in which `batch-import` is a command, and talks to the sandbox."""
    server = sandbox(processing=[0.0, 0.1])
    commands = tmp_path / "bin"
    commands.mkdir()
    program = commands / "batch-import"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m batch_import "$@"\n', "utf-8")
    program.chmod(0o755)
    values = {
        "VIOSTREAM_API_BASE": server.api_base,
        "VIOSTREAM_ACCESS_KEY": ACCESS_KEY,
        "VIOSTREAM_API_KEY": API_KEY,
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return {**os.environ, **values}


def shell(command: str, folder: Path, environ: dict[str, str]) -> None:
    done = subprocess.run(
        ["sh", "-ec", command], cwd=folder, env=environ, capture_output=True, text=True,
        check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def imported(job: Path) -> int:
    return batch_import.job_status(job).counts.imported


class _Failed(Exception):
    """Replaces Airflow's `AirflowFailException`."""


@pytest.fixture
def dag(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The DAG as a module. Airflow is not installed: simple decorators replace its own."""
    created_dags: list[object] = []

    def task_decorator(**_: object) -> Callable[[Callable[..., object]], Callable[..., object]]:
        return lambda function: function

    def dag_decorator(**_: object) -> Callable[[Callable[..., object]], Callable[..., object]]:
        return lambda function: lambda: created_dags.append(function)

    airflow, sdk, exceptions = map(ModuleType, ("airflow", "airflow.sdk", "airflow.exceptions"))
    sdk.task, sdk.dag = task_decorator, dag_decorator  # type: ignore[attr-defined]
    exceptions.AirflowFailException = _Failed  # type: ignore[attr-defined]
    for module in (airflow, sdk, exceptions):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    spec = importlib.util.spec_from_file_location("airflow_dag", EXAMPLES / "airflow_dag.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert len(created_dags) == 1
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    return module


@pytest.mark.usefixtures("environ")
def test_the_airflow_task_imports_all_rows_and_fails_if_a_person_must_act(
    dag: ModuleType, manifest: Callable[..., Path], tmp_path: Path
) -> None:
    path = manifest(3, name="library.csv")
    assert dag.import_videos() == {"left": 0}
    assert imported(tmp_path / "output/library") == 3
    manifest(3, ["ftp://nowhere", "Bad", "mp4", "bad", "A"], name=path.name)
    with pytest.raises(_Failed, match=r"failed\.csv"):
        dag.import_videos()
    path.unlink()
    with pytest.raises(_Failed, match="library"):
        dag.import_videos()


def test_the_airflow_task_is_retried_while_the_platform_is_down(
    dag: ModuleType, manifest: Callable[..., Path], environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    assert environ
    manifest(1, name="library.csv")
    monkeypatch.setenv("VIOSTREAM_API_KEY", "refused")
    with pytest.raises(batch_import.PlatformError):
        dag.import_videos()


@posix
def test_the_steps_of_the_action_run(
    environ: dict[str, str], manifest: Callable[..., Path], tmp_path: Path
) -> None:
    manifest(2, name="library.csv")
    workflow = yaml.safe_load((EXAMPLES / "github-action.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["import"]["steps"]
    commands = [step["run"] for step in steps if "run" in step and step["name"] != "Install"]
    assert len(commands) == 2
    for command in commands:
        shell(command, tmp_path, environ)
    assert imported(tmp_path / "output/library") == 2


def test_the_notebook_runs_completely(
    environ: dict[str, str], manifest: Callable[..., Path], tmp_path: Path
) -> None:
    manifest(2, name="library.csv")
    notebook = json.loads((EXAMPLES / "notebook.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] for cell in cells)
    code = "\n".join("".join(cell["source"]) for cell in cells)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True,
        check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "2 of 2 rows can be imported." in done.stdout
    assert imported(tmp_path / "output/library") == 2


@posix
def test_the_line_of_the_crontab_runs(
    environ: dict[str, str], manifest: Callable[..., Path], tmp_path: Path
) -> None:
    manifest(2, name="library.csv")
    (line,) = (
        line
        for line in (EXAMPLES / "crontab").read_text("utf-8").splitlines()
        if not line.startswith("#")
    )
    *times, command = line.split(maxsplit=5)
    assert all(re.fullmatch(r"\d+|\*", field) for field in times)
    assert "%" not in command  # cron replaces it by the end of a line
    keys = f"VIOSTREAM_ACCESS_KEY={ACCESS_KEY}\nVIOSTREAM_API_KEY={API_KEY}\n"
    (tmp_path / "batch-import.env").write_text(keys, encoding="utf-8")
    environ_without_keys = {
        name: value for name, value in environ.items() if not name.endswith("_KEY")
    }
    command = command.replace("/srv/migration", str(tmp_path))
    command = command.replace("/opt/batch-import", str(tmp_path))
    shell(command, Path("/"), environ_without_keys)
    assert imported(tmp_path / "output/library") == 2
    assert "2 imported" in (tmp_path / "run.log").read_text(encoding="utf-8")
