"""The record of an account's rate limit in a file: complete, one per account; its errors."""

import subprocess
import sys
from pathlib import Path

import pytest

from batch_import.errors import StateError
from batch_import.job import Job
from batch_import.state.ledger import FileLedger, open_ledger

_COUNT = """
import sys
from pathlib import Path
from batch_import.state.ledger import FileLedger
ledger = FileLedger(Path(sys.argv[1]))
for _ in range(50):
    ledger.update(lambda text, now: (str(int(text or 0) + 1), None))
"""


def test_no_update_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "record.json"
    processes = [subprocess.Popen([sys.executable, "-c", _COUNT, str(path)]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert path.read_text() == "150"


def test_each_account_has_a_record_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for account in ("https://a one", "https://a two"):
        open_ledger(Job(Path("job")), account).update(lambda _, __, said=account: (said, None))
    found = sorted(path.read_text() for path in (tmp_path / "batch-import").glob("*.json"))
    assert found == ["https://a one", "https://a two"]


def test_a_path_that_cannot_be_written_raises_a_state_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="cannot be used"):
        FileLedger(tmp_path / "file" / "record.json").update(lambda text, _: (text, None))
