"""All commands of an account share its rate limit, also those that only read."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_import.configuration.credentials import Credentials
from batch_import.configuration.settings import Settings
from batch_import.job import Job
from batch_import.sandbox.server import SandboxServer
from batch_import.state.ledger import open_ledger
from batch_import.viostream.session import PlatformSession
from batch_import.viostream.shared_rate_limiter import SharedRateLimiter
from batch_import.workflows.account import sign_in


def test_a_command_in_progress_leaves_half_of_the_rate_to_another(
    sandbox: Callable[..., SandboxServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    settings = Settings(api_base=sandbox().api_base, rate=40.0)
    job, problems = Job(tmp_path / "job"), list[str]()
    credentials = Credentials("VC-test", "a-key-that-must-not-be-seen")
    with PlatformSession(settings, credentials, threading.Event()) as session:
        other = SharedRateLimiter(settings.rate, session.clock)
        alone = other.rate(session.clock())
        with sign_in(session, job, problems.append) as account:
            ledger = open_ledger(job, f"{settings.api_base} {account.id}")
            assert other.report(ledger, "other") is None
            assert 0 < other.rate(session.clock()) <= alone / 2
        assert other.report(ledger, "other") is None
    assert problems == []


@pytest.mark.parametrize("name", ["plan", "verify"])
def test_commands_that_only_read_share_the_rate(
    name: str,
    sandbox: Callable[..., SandboxServer],
    command: Callable,
    manifest: Callable[..., Path],
) -> None:
    run, path = command(sandbox()), manifest(3)
    folder = path.parent / "shared"
    environment = {"XDG_STATE_HOME": str(folder)}
    run.environ.update(environment)
    if name == "verify":
        run("run", path, "--rate", "50", "--poll-interval", "0.3")
    for record in folder.glob("batch-import/*.json"):
        record.unlink()
    run(name, path)
    assert list(folder.glob("batch-import/*.json"))
