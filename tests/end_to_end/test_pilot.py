"""Runs of a part of the rows, and notifications about the end of a run."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from batch_import.sandbox.server import SandboxServer

FAST = ("--rate", "100", "--poll-interval", "0.3")
Start = Callable[..., SandboxServer]


def created_references(server: SandboxServer) -> list[str]:
    """Return the reference IDs of all media, in the order of their creation."""
    return [media.reference_id for media in server.platform.media]


def refs(*numbers: int) -> list[str]:
    return [f"ref-{n}" for n in numbers]


def test_first_selects_the_next_rows_in_the_order_of_the_manifest(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    run = command(server)
    path = manifest(6)

    first = run("run", path, *FAST, "--first", 2)
    assert "To do: 2 to create (of 6 pending) unless the account has them." in first.stdout
    assert "6 rows: 4 pending, 2 imported." in first.stdout  # and exit code 0: both are imported
    assert "Not sent yet: 4 rows. To send the rest: batch-import run " in first.stdout
    assert sorted(created_references(server)) == refs(1, 2)

    second = run("run", path, *FAST, "--first", 2)
    assert (
        "To do: 2 to create (of 4 pending) unless the account has them, 2 done before."
        in second.stdout
    )
    assert sorted(created_references(server)) == refs(1, 2, 3, 4)

    rest = run("run", path, *FAST)
    assert "6 rows: 6 imported." in rest.stdout
    assert "Not sent yet" not in rest.stdout
    assert sorted(created_references(server)) == refs(1, 2, 3, 4, 5, 6)


HOSTS = [
    *(("big.example.com", "mp4", "20 MB") for _ in range(12)),
    ("big.example.com", "mov", "20 MB"),
    ("small.example.com", "mp4", "3 GB"),
]


def write_diverse_manifest(folder: Path) -> Path:
    """Write fourteen rows: one of them has another host, and one has another extension."""
    path = folder / "spread.csv"
    lines = [
        f"https://{host}/{n}.{extension},Video {n},ref-{n},{size}"
        for n, (host, extension, size) in enumerate(HOSTS, 1)
    ]
    path.write_text("\n".join(["sourceUrl,filename,referenceId,size", *lines, ""]), "utf-8")
    return path


def test_a_pilot_has_different_rows_and_the_reasons(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    path = write_diverse_manifest(tmp_path)
    first = run("run", path, *FAST, "--limit", 4)
    assert {"ref-13", "ref-14"} < set(created_references(server))
    assert len(created_references(server)) == 4
    assert "Pilot of 4 rows, with different hosts, extensions and sizes:" in first.stdout
    assert "line 15 (Video 14): small.example.com, mp4, 1000 MB or more" in first.stdout
    assert "To do: 4 to create (of 14 pending) unless the account has them." in first.stdout
    run("run", path, *FAST, "--limit", 4)
    assert len(set(created_references(server))) == len(created_references(server)) == 8


def test_a_pilot_has_the_same_rows_after_a_crash(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox(processing=[2, 3])
    run = command(server)
    path = write_diverse_manifest(tmp_path)
    pilot = ("run", path, "--rate", 2, "--workers", 1, "--poll-interval", "0.3", "--limit", 4)
    process = run.start(*pilot)
    while not created_references(server):
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.communicate()
    begun = len(created_references(server))
    assert begun < 4

    again = run("run", path, *FAST, "--settle", 1, "--limit", 4)
    assert "Pilot of 4 rows, the same rows as in the previous run:" in again.stdout
    assert len(set(created_references(server))) == len(created_references(server)) == 4
    assert {"ref-13", "ref-14"} < set(created_references(server))
    # The rows with another host and another extension were in the first pilot.
    assert "Pilot of 4 rows, evenly spaced:" in run("run", path, *FAST, "--limit", 4).stdout
    assert len(set(created_references(server))) == len(created_references(server)) == 8


def test_a_pilot_of_selected_rows_has_no_other_row(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    path = write_diverse_manifest(tmp_path)
    run("run", path, *FAST, "--only", "2-5", "--limit", 2)
    assert len(created_references(server)) == 2
    assert set(created_references(server)) < set(refs(1, 2, 3, 4))
    both = run("run", path, "--first", 1, "--limit", 2, code=2)
    assert "--first: 1 cannot be combined with --limit." in both.stderr


def test_rows_are_selected_by_line_by_id_and_by_file(
    sandbox: Start, command: Callable, manifest: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    path = manifest(6, ["https://videos.example.com/n.mp4", "Number", "mp4", "42", "A"])

    run("run", path, *FAST, "--only", "2,4-5")
    assert sorted(created_references(server)) == refs(1, 3, 4)
    run("run", path, *FAST, "--only", "id:42", "--only", "ref-6")
    assert sorted(created_references(server)[3:]) == ["42", "ref-6"]
    (tmp_path / "rows.txt").write_text("ref-2\n2\nid:42\n", encoding="utf-8")
    run("run", path, *FAST, "--only", "@rows.txt")
    assert created_references(server)[5:] == refs(2)
    run("run", path, *FAST)
    assert sorted(created_references(server)) == ["42", *refs(1, 2, 3, 4, 5, 6)]


def test_an_unknown_row_is_reported_and_nothing_is_sent(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    run = command(server)
    path = manifest(3)
    unknown = run("run", path, "--only", "2", "--only", "ref_3", code=2)
    assert (
        "--only: 'ref_3' is not the reference ID of any row. Did you mean 'ref-3'?"
        in unknown.stderr
    )
    unknown = run("run", path, "--only", "9", code=2)
    assert "line 9: no row begins there. The rows begin in lines 2 to 4." in unknown.stderr
    assert not server.platform.calls


def test_an_excluded_row_is_never_sent_until_it_is_selected(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    run = command(server)
    path = manifest(6)

    first = run("run", path, *FAST, "--exclude", "3,6-7", "--first", 1)
    line = "3 rows (lines 3, 6-7) are excluded: no run sends them. To send them: --only 3,6-7"
    assert line in first.stdout
    assert "Not sent yet: 2 rows." in first.stdout
    later = run("run", path, *FAST)
    assert created_references(server) == refs(1, 3, 4)
    assert line in later.stdout
    assert "6 rows: 3 pending, 3 imported." in later.stdout
    assert "Not sent yet" not in later.stdout
    nothing = run("run", path, *FAST)
    assert line in nothing.stdout
    assert "Nothing to send." in nothing.stdout
    run("retry", path, *FAST)
    run("run", path, *FAST, "--only", "2-7")
    assert created_references(server) == refs(1, 3, 4)

    assert line in run("status", path).stdout
    assert json.loads(run("status", path, "--json").stdout)["excluded"] == 3
    assert "no run sends it; to send it: --only 3" in run("status", path, "ref-2").stdout
    assert json.loads(run("status", path, "ref-2", "--json").stdout)["excluded"] is True
    assert json.loads(run("status", path, "ref-1", "--json").stdout)["excluded"] is False
    assert line in run("plan", path).stdout
    planned = json.loads(run("plan", path, "--json").stdout)
    assert (planned["create"], planned["excluded"]) == (0, 3)

    released = run("run", path, *FAST, "--only", "3")
    assert "1 row is not excluded any more." in released.stdout
    assert "2 rows (lines 6-7) are excluded" in released.stdout
    assert created_references(server) == refs(1, 3, 4, 2)
    run("run", path, *FAST, "--only", "6-7")
    assert sorted(created_references(server)) == refs(1, 2, 3, 4, 5, 6)
    assert "excluded" not in run("status", path).stdout


def test_a_sent_row_that_is_excluded_is_named(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    run = command(server)
    path = manifest(2)
    run("run", path, *FAST)
    excluded = run("run", path, *FAST, "--exclude", "ref-2")
    assert (
        "1 row (line 3) was sent before, and excluded later: look for its video" in excluded.stdout
    )
    wrong = run("run", path, "--exclude", "ref-3", code=2)
    assert "--exclude: 'ref-3' is not the reference ID of any row." in wrong.stderr


def test_retry_sends_only_the_selected_failed_rows(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox(failing=1.0)
    run = command(server)
    path = manifest(3)
    run("run", path, *FAST, code=1)
    server.platform.knobs = replace(server.platform.knobs, failing=0.0)
    run("retry", path, *FAST, "--only", "ref-2")
    assert Counter(created_references(server)) == {"ref-1": 1, "ref-2": 2, "ref-3": 1}
    counts = run.counts(path)
    assert (counts["imported"], counts["failed"]) == (1, 2)


def test_existing_videos_are_adopted_by_the_run_that_selects_their_rows(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    run = command(server)
    path = manifest(5)
    run("run", path, *FAST, "--job", "output/before")
    for limit in (["--limit", "2"], ["--limit", "2"], []):
        run("run", path, *FAST, *limit)
    assert sorted(created_references(server)) == refs(1, 2, 3, 4, 5)
    assert run.counts(path)["imported"] == 5


def test_a_run_with_until_stops_in_time_and_tells_how_to_continue(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    run = command(server)
    path = manifest(40)
    until = datetime.fromtimestamp(int(time.time()) + 8, UTC).astimezone()
    slow = run(
        "run", path, "--rate", 3, "--until", until.isoformat(), code=1
    )  # 40 rows take at least 13 seconds
    assert f"Stopped at {until:%H:%M}" in slow.stderr
    assert "as requested. All state is saved: run the same command" in slow.stderr
    assert 0 < len(created_references(server)) < 40
    counts = run.counts(path)
    assert counts["unknown"] == 0
    assert counts["pending"] == 40 - len(created_references(server))
    assert len(run.table("output/videos/results.csv")) == 40

    tomorrow = f"{datetime.fromtimestamp(time.time() - 3600, UTC).astimezone():%H:%M}"
    run("run", path, *FAST, "--until", tomorrow)
    assert Counter(created_references(server)) == dict.fromkeys(refs(*range(1, 41)), 1)


def test_a_time_in_the_past_is_wrong_usage(command: Callable, manifest: Callable) -> None:
    late = command("http://127.0.0.1:9")("run", manifest(1), "--until", "2020-01-01T06:00", code=2)
    assert "--until: '2020-01-01T06:00' has passed" in late.stderr


class Webhook(HTTPServer):
    """A server that records what is posted, and answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.bodies: list[dict[str, object]] = []
        self.headers: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/T000/s3cret-path?token=s3cret"


class _Handler(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        self.server.headers.append(dict(self.headers))
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_end_of_a_run_is_posted(
    sandbox: Start, command: Callable, manifest: Callable, webhook: Webhook
) -> None:
    run = command(sandbox())
    path = manifest(2, ["ftp://nowhere", "Bad", "mp4", "bad", "A"])
    done = run("run", path, *FAST, "--notify", webhook.url, code=1)
    (body,) = webhook.bodies
    assert (body["outcome"], body["exit_code"]) == ("incomplete", 1)
    assert body["counts"] == run.counts(path)
    assert body["message"] == "3 rows: 2 imported, 1 invalid."
    assert Path(str(body["results"])).samefile(run.folder / "output/videos/results.csv")
    assert "Authorization" not in webhook.headers[0]
    assert "s3cret" not in done.stdout + done.stderr

    webhook.status = 500
    failed = run("run", path, *FAST, "--notify", webhook.url, "-v", code=1)
    assert "The notification was not delivered: 127.0.0.1 answered HTTP 500." in failed.stderr
    assert "s3cret" not in failed.stdout + failed.stderr


def test_an_error_of_a_run_is_posted(
    command: Callable, manifest: Callable, webhook: Webhook
) -> None:
    run = command("http://127.0.0.1:9")
    run.environ["VIOSTREAM_API_KEY"] = ""
    run("run", manifest(1), "--notify", webhook.url, code=2)
    (body,) = webhook.bodies
    assert (body["outcome"], body["exit_code"], body["counts"]) == ("fault", 2, {})
    assert "VIOSTREAM_API_KEY is not set" in str(body["message"])


@pytest.mark.parametrize("url", ["http://hooks.example.com/s3cret", "s3cret", "https:///s3cret"])
def test_an_unencrypted_notify_url_is_refused_without_quoting_it(
    command: Callable, manifest: Callable, url: str
) -> None:
    refused = command("http://127.0.0.1:9")("run", manifest(1), "--notify", url, code=2)
    assert "--notify: this is not an https:// URL" in refused.stderr
    assert "s3cret" not in refused.stderr
