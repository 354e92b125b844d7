"""What is posted when a run has ended."""

import json
from pathlib import Path

import pytest

from batch_import.cli.notification import run_and_notify, summary
from batch_import.cli.options import OptionSources
from batch_import.configuration.request import ImportRequest
from batch_import.errors import CredentialsRefused, Interrupted, Stopped
from batch_import.job import Job
from batch_import.models import ManifestRow
from batch_import.state.store import Store
from batch_import.web import notify

MANIFEST = Path("lists/library.csv")


def request(folder: Path) -> ImportRequest:
    return ImportRequest(MANIFEST, folder=folder)


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    bodies: list[dict[str, object]] = []

    def post(_url: str, body: dict[str, object]) -> str:
        bodies.append(json.loads(json.dumps(body)))
        return ""

    monkeypatch.setattr(notify, "post", post)
    return bodies


def job(folder: Path) -> Job:
    rows = [ManifestRow(2, "a", "a", "https://h/a.mp4", "A", "mp4", ())]
    with Store(folder / "state.sqlite", create=True) as store:
        store.load(rows, 1.0)
    return Job(folder)


@pytest.mark.parametrize(("code", "outcome"), [(0, "finished"), (1, "incomplete")])
def test_the_outcome_of_a_complete_run_is_posted(
    tmp_path: Path, posted: list[dict[str, object]], code: int, outcome: str
) -> None:
    wanted = request(job(tmp_path).folder)
    wanted.job.results.touch()
    assert run_and_notify(lambda: code, "https://h/x", wanted, OptionSources()) == code
    (body,) = posted
    assert (body["outcome"], body["exit_code"]) == (outcome, code)
    assert body["counts"]["pending"] == 1  # type: ignore[index]
    assert body["message"] == "1 row: 1 pending."
    assert body["text"] == f"batch-import, library.csv: {outcome}. 1 row: 1 pending."
    assert body["manifest"] == str(MANIFEST)
    assert body["results"] == str(tmp_path / "results.csv")
    assert str(body["started"]).endswith("+00:00")
    assert str(body["started"]) <= str(body["ended"])


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (Stopped("Stopped at 06:00, as requested."), "stopped", 1),
        (Interrupted("Interrupted."), "interrupted", 130),
        (CredentialsRefused("The platform refuses."), "fault", 3),
        (KeyboardInterrupt(), "interrupted", 130),
        (ZeroDivisionError("secret"), "fault", 1),
    ],
)
def test_the_outcome_of_a_run_that_ended_early_is_posted_and_its_error_is_raised(
    tmp_path: Path,
    posted: list[dict[str, object]],
    error: BaseException,
    outcome: str,
    code: int,
) -> None:
    def work() -> int:
        raise error

    with pytest.raises(type(error)):
        run_and_notify(work, "https://h/x", request(tmp_path / "none"), OptionSources())
    (body,) = posted
    assert (body["outcome"], body["exit_code"], body["counts"]) == (outcome, code, {})
    assert "secret" not in json.dumps(body)


def test_results_that_were_not_written_are_not_named(tmp_path: Path) -> None:
    assert summary(Job(tmp_path), MANIFEST, "finished", 0, "", 0.0, 1.0)["results"] == ""


def test_secrets_and_commands_of_chat_programs_are_removed(tmp_path: Path) -> None:
    words = "<!channel> https://h/v.mp4?token=s3cret \x1b[31m"
    body = summary(Job(tmp_path), MANIFEST, "fault", 3, words, 0.0, 1.0)
    assert "s3cret" not in json.dumps(body)
    assert "\x1b" not in body["message"]
    assert "(!channel)" in body["text"]


def test_a_notification_that_fails_does_not_change_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(notify, "post", lambda *_: "h answered HTTP 500")
    assert (
        run_and_notify(lambda: 0, "https://h/T000/s3cret", request(tmp_path), OptionSources()) == 0
    )
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith(" The notification was not delivered: h answered HTTP 500.\n")
