"""systemd accepts the units in `examples/`."""

import shutil
import subprocess
from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path

from pages import ROOT

#: Path of the program in the units. systemd refuses a unit whose program is missing, so that a test
#: replaces it.
PROGRAM = "/opt/batch-import/bin/batch-import"
#: Kind of a unit → the section that only this kind has.
SECTIONS = {"service": "[Service]", "timer": "[Timer]"}
#: Section → keys that systemd knows and that the units may use. systemd ignores unknown keys.
KEYS = {
    "Unit": {
        "Description", "After", "Wants", "Documentation", "StartLimitIntervalSec",
        "StartLimitBurst",
    },
    "Service": {
        "Type", "WorkingDirectory", "ExecStart", "EnvironmentFile", "Environment", "User",
        "TimeoutStopSec", "Restart", "RestartSec", "SuccessExitStatus", "KillSignal",
        "RestartForceExitStatus", "RestartPreventExitStatus", "LoadCredential", "NoNewPrivileges",
        "ProtectSystem", "ReadWritePaths", "PrivateTmp",
    },
    "Timer": {"OnCalendar", "Persistent", "RandomizedDelaySec", "Unit"},
    "Install": {"WantedBy"},
}  # fmt: skip


def units() -> dict[str, str]:
    return {
        kind: (ROOT / f"examples/batch-import.{kind}").read_text(encoding="utf-8")
        for kind in SECTIONS
    }


def test_the_units_have_only_keys_that_systemd_knows() -> None:
    for kind, text in units().items():
        unit = ConfigParser(interpolation=None, strict=True)
        unit.optionxform = str  # type: ignore[assignment, method-assign]
        unit.read_string(text)
        assert {"Unit", SECTIONS[kind].strip("[]")} <= set(unit.sections())
        for section in unit.sections():
            assert set(unit[section]) <= KEYS[section], (kind, section)
    assert f"ExecStart={PROGRAM} run" in units()["service"]


def test_systemd_accepts_the_units(tmp_path: Path, program: Callable[[str], str]) -> None:
    analyze = program("systemd-analyze")
    for kind, text in units().items():
        path = tmp_path / f"batch-import.{kind}"
        path.write_text(text.replace(PROGRAM, str(shutil.which("true"))), encoding="utf-8")
        done = subprocess.run(
            [analyze, "verify", path], capture_output=True, text=True, check=False, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")
