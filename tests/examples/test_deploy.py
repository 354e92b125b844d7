"""The files in `docs/deploy/` start a worker with existing options, and without special rights."""

import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from batch_import.cli.application import load_command

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "docs" / "deploy"
UNIT = (DEPLOY / "batch-import-worker.service").read_text(encoding="utf-8")


def compose() -> dict[str, Any]:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert services.keys() == {"database", "prepare", "worker"}
    return dict(services)


def pod() -> dict[str, Any]:
    deployment = yaml.safe_load((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8"))
    spec: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return spec


def unit_arguments() -> list[str]:
    """Return the arguments of the command that the systemd unit starts."""
    (line,) = re.findall(r"^ExecStart=\S+/batch-import (.*)$", UNIT, re.MULTILINE)
    return shlex.split(line)


@pytest.mark.parametrize(
    "arguments",
    [
        compose()["prepare"]["command"],
        compose()["worker"]["command"],
        pod()["containers"][0]["args"],
        unit_arguments(),
    ],
    ids=["compose-prepare", "compose-worker", "kubernetes", "systemd"],
)
def test_the_program_accepts_the_command_line(arguments: list[str]) -> None:
    name, *options = arguments
    command = load_command(name)
    parser = command.make_parser(command.context_class(command))
    _, rest, _ = parser.parse_args([*options])
    assert not rest


def test_a_worker_runs_as_a_user_and_cannot_write_to_its_root() -> None:
    container = re.findall(r"^USER (.*)$", (ROOT / "Containerfile").read_text(), re.MULTILINE)
    assert container == ["migration"]
    worker, context = compose()["worker"], pod()["containers"][0]["securityContext"]
    assert worker["read_only"]
    assert worker["cap_drop"] == context["capabilities"]["drop"] == ["ALL"]
    assert context["readOnlyRootFilesystem"]
    assert not context["allowPrivilegeEscalation"]
    assert pod()["securityContext"]["runAsNonRoot"]
    for line in ("User=migration", "NoNewPrivileges=yes", "ProtectSystem=strict"):
        assert line in UNIT.splitlines()


def test_every_file_gives_a_worker_time_to_stop_and_restarts_it() -> None:
    assert compose()["worker"]["stop_grace_period"] == "3m"
    assert compose()["worker"]["restart"] == "unless-stopped"
    assert pod()["terminationGracePeriodSeconds"] == 180
    assert {"TimeoutStopSec=3min", "Restart=always"} <= set(UNIT.splitlines())


def test_systemd_accepts_the_unit(program: Callable[[str], str], tmp_path: Path) -> None:
    unit = tmp_path / "batch-import-worker.service"
    installed = program("true")
    unit.write_text(UNIT.replace("/opt/batch-import/bin/batch-import", installed), "utf-8")
    done = subprocess.run(
        [program("systemd-analyze"), "verify", unit], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
