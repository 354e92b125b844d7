"""The units that docs/unattended.md shows are what systemd takes."""

import shutil
import subprocess
from pathlib import Path

import pytest
from pages import ROOT, Page

#: Where the page has the program; a unit whose program is missing is refused.
PROGRAM = "/opt/batch-import/bin/batch-import"


ANALYZE = shutil.which("systemd-analyze")


@pytest.mark.skipif(ANALYZE is None, reason="there is no systemd here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    shown = [b.text for b in Page(ROOT / "docs/unattended.md").blocks if "[Unit]" in b.text]
    units = {"service": "[Service]", "timer": "[Timer]"}
    for kind, section in units.items():
        (text,) = (text for text in shown if section in text)
        path = tmp_path / f"batch-import.{kind}"
        path.write_text(text.replace(PROGRAM, str(shutil.which("true"))), encoding="utf-8")
        done = subprocess.run(
            [str(ANALYZE), "verify", path], capture_output=True, text=True, check=False, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")
