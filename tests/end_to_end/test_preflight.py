"""Preflight against a host of the tests: what it finds, and which hosts it never contacts."""

import csv
import json
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from source_host import SourceHost, serving, wait_until

from batch_import.models import Severity, VideoSource
from batch_import.sandbox.server import SandboxServer
from batch_import.sources.preflight import Preflight, SourceCheckResult

Resolve = Callable[..., list[Any]]
PLATFORM = "api.platform.example"
PUBLIC = "93.184.215.14"


@pytest.fixture
def host() -> Iterator[SourceHost]:
    with serving() as server:
        yield server


def resolver(**addresses: list[str] | int) -> Resolve:
    """Return a name server that knows these hosts (`_` for a dot), and the platform."""

    def resolve(name: str, port: int, **_: object) -> list[Any]:
        known = addresses.get(name.replace(".", "_"), [PUBLIC] if name == PLATFORM else [name])
        if isinstance(known, int):
            raise socket.gaierror(known, "made up")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in known]

    return resolve


@contextmanager
def open_preflight(
    own_host: str = "", resolve: Resolve | None = None, **more: Any
) -> Iterator[Preflight]:
    stop = threading.Event()
    with Preflight(
        stop, PLATFORM, own_host=own_host, resolve=resolve or resolver(), **more
    ) as preflight:
        yield preflight


def check_url(
    url: str, extension: str = "mp4", own_host: str = "", **more: Any
) -> SourceCheckResult:
    with open_preflight(own_host, **more) as preflight:
        (finding,) = preflight.check([VideoSource(2, url, extension)])
    return finding


def code(finding: SourceCheckResult) -> str:
    return finding.violation.code if finding.violation else ""


@pytest.mark.parametrize(
    ("path", "extension", "expected", "severity"),
    [
        ("video/a.mp4", "mp4", "", None),
        ("video/two words ü.mp4?a=b c", "mov", "", None),
        ("norange/a.mp4", "mp4", "", None),
        ("to/to/video/a.mp4", "mp4", "", None),
        ("webm/a.mp4", "mp4", "source-format", Severity.WARNING),
        ("webm/a.webm", "mkv", "", None),
        ("login", "mp4", "source-page", Severity.ERROR),
        ("to/login", "mp4", "source-page", Severity.ERROR),
        ("words", "mp4", "source-not-video", Severity.ERROR),
        ("empty", "mp4", "source-empty", Severity.ERROR),
        ("status/401", "mp4", "source-forbidden", Severity.ERROR),
        ("status/403", "mp4", "source-forbidden", Severity.ERROR),
        ("nothing", "mp4", "source-missing", Severity.ERROR),
        ("status/503", "mp4", "source-busy", Severity.WARNING),
        ("circle", "mp4", "source-redirect", Severity.ERROR),
        ("away/ftp://example.com/a", "mp4", "source-redirect", Severity.ERROR),
        ("away/http://a b.example/", "mp4", "source-redirect", Severity.ERROR),
        ("away/http://[::1/", "mp4", "source-redirect", Severity.ERROR),
        ("away/http://example.com:999999/", "mp4", "source-redirect", Severity.ERROR),
        ("cut", "mp4", "source-cut", Severity.WARNING),
    ],
)
def test_each_kind_of_answer_of_a_host_has_a_code(
    host: SourceHost, path: str, extension: str, expected: str, severity: Severity | None
) -> None:
    finding = check_url(f"{host.address}/{path}", extension, host.origin)
    assert code(finding) == expected
    assert (finding.violation and finding.violation.severity) == severity


def test_preflight_requests_only_the_first_bytes_with_the_credentials_of_the_url(
    host: SourceHost,
) -> None:
    finding = check_url(f"http://user:p%40ss@{host.origin}/to/video/a.mp4", "mp4", host.origin)
    assert (code(finding), finding.size) == ("", 20_032)
    assert host.paths() == ["/to/video/a.mp4", "/video/a.mp4"]
    for _, headers in host.asked:
        assert headers["Range"] == "bytes=0-4095"
        assert headers["Host"] == host.origin
        assert headers["Authorization"] == "Basic dXNlcjpwQHNz"


def test_credentials_of_a_url_are_not_sent_to_another_host(host: SourceHost) -> None:
    with serving() as other:
        url = f"http://user:pass@{host.origin}/away/http://videos.example.com:{other.server_port}/video"
        own = f"videos.example.com:{other.server_port}"
        # Only one host may be private. Therefore the first host has a public name for this machine.
        finding = check_url(url.replace(host.origin, own), own_host=own, resolve=resolver(
            videos_example_com=["127.0.0.1"]))  # fmt: skip
        assert code(finding) == ""
        first, second = other.asked
        assert "Authorization" in first[1]
        assert "Authorization" not in second[1]


@pytest.mark.parametrize(
    "target",
    """
    127.0.0.1 localhost 10.0.0.1 192.168.0.1 169.254.169.254/latest/meta-data/ [::1] 0.0.0.0
    2130706433 [::ffff:127.0.0.1] 0x7f.1 printer nas.local
    """.split(),
)
def test_a_redirect_to_a_private_ip_address_is_not_followed(
    host: SourceHost, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    contacted = []
    connect = socket.socket.connect

    def noted(self: socket.socket, address: Any) -> None:
        contacted.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", noted)
    finding = check_url(f"{host.address}/away/http://{target}", own_host=host.origin)
    assert code(finding) == "source-private"
    assert contacted == [("127.0.0.1", host.server_port)]


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["::1"], [PUBLIC, "fe80::1%eth0"], ["::ffff:10.0.0.1"]],
)
def test_a_host_name_with_one_private_ip_address_is_not_contacted(
    host: SourceHost, addresses: list[str]
) -> None:
    url = f"http://videos.example.com:{host.server_port}/video/a.mp4"
    finding = check_url(url, resolve=resolver(videos_example_com=addresses))
    assert code(finding) == "source-private"
    assert host.asked == []


def test_preflight_connects_to_the_ip_address_that_it_checked(host: SourceHost) -> None:
    asked = []

    def rebinding(name: str, port: int, **_: object) -> list[Any]:
        """Return another IP address at each call; the second one is private."""
        asked.append(name)
        address = "127.0.0.1" if len(asked) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    own = f"videos.example.com:{host.server_port}"
    finding = check_url(f"http://{own}/video/a.mp4", own_host=own, resolve=rebinding)
    assert code(finding) == ""
    assert asked == ["videos.example.com"]
    assert host.asked[0][1]["Host"] == own


def test_a_private_storage_is_an_error_unless_the_platform_is_on_this_machine(
    host: SourceHost,
) -> None:
    source = VideoSource(2, "s3://b/a.mp4", "mp4", signed_url=f"{host.address}/video/a.mp4")
    with open_preflight() as preflight:
        (finding,) = preflight.check([source])
    assert code(finding) == "source-private"
    with open_preflight("127.0.0.1:1") as preflight:
        (finding,) = preflight.check([source])
    assert code(finding) == ""
    assert finding.source is source
    # The exception for the storage does not apply to a URL of the manifest.
    with open_preflight("127.0.0.1:1") as preflight:
        (finding,) = preflight.check([VideoSource(2, f"{host.address}/video/a.mp4", "mp4")])
    assert code(finding) == "source-private"


@pytest.mark.parametrize("own", ["127.0.0.1:1", "localhost:80", ""])
def test_a_private_address_is_an_error_unless_it_is_that_of_the_platform(
    host: SourceHost, own: str
) -> None:
    assert code(check_url(f"{host.address}/video/a.mp4", own_host=own)) == "source-private"
    assert host.asked == []


def test_a_request_to_a_slow_host_ends_in_time(host: SourceHost) -> None:
    for path in ("silent", "drip"):
        finding = check_url(f"{host.address}/{path}", own_host=host.origin, request_seconds=0.5)
        assert finding.violation is not None
        assert (finding.violation.code, finding.violation.severity) == (
            "source-unreachable",
            Severity.WARNING,
        )


def test_a_refused_connection_is_a_warning() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        own = f"127.0.0.1:{unused.getsockname()[1]}"
        finding = check_url(f"http://{own}/a.mp4", own_host=own)
    assert finding.violation is not None
    assert (finding.violation.code, finding.violation.severity) == (
        "source-unreachable",
        Severity.WARNING,
    )
    assert "refused" in finding.violation.reason


def test_an_unknown_host_name_is_an_error_only_if_other_names_are_resolved() -> None:
    url = "https://videos.exmaple.com/a.mp4"
    gone = {"videos_exmaple_com": socket.EAI_NONAME}
    found = check_url(url, resolve=resolver(**gone))
    assert found.violation is not None
    assert (found.violation.code, found.violation.severity) == ("source-host", Severity.ERROR)
    for trouble in (
        {**gone, "api_platform_example": socket.EAI_NONAME},
        {"videos_exmaple_com": socket.EAI_AGAIN},
    ):
        found = check_url(url, resolve=resolver(**trouble))
        assert found.violation is not None
        assert (found.violation.code, found.violation.severity) == (
            "source-unreachable",
            Severity.WARNING,
        )


def test_https_sends_the_host_name_and_checks_the_certificate(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("videos.example.com").configure_cert(context)
    asked_names = []
    context.sni_callback = lambda _, name, __: asked_names.append(name)
    resolve = resolver(videos_example_com=["127.0.0.1"], other_example_com=["127.0.0.1"])

    with serving(context) as host:
        for name, expected in (("videos", ""), ("other", "source-certificate")):
            own = f"{name}.example.com:{host.server_port}"
            finding = check_url(f"https://{own}/video/a.mp4", own_host=own, resolve=resolve)
            assert code(finding) == expected
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        own = f"videos.example.com:{host.server_port}"
        # Our list of authorities may be what lacks it: the row is sent all the same.
        finding = check_url(f"https://{own}/video/a.mp4", own_host=own, resolve=resolve)
        assert code(finding) == "source-unreachable"
    assert asked_names == ["videos.example.com", "other.example.com", "videos.example.com"]
    assert [path for path, _ in host.asked] == ["/video/a.mp4"]


def test_results_are_in_the_order_of_the_sources(host: SourceHost) -> None:
    paths = ["video/1", "login", "video/2", "status/404", "webm/3"] * 3
    sources = [VideoSource(n, f"{host.address}/{path}", "mp4") for n, path in enumerate(paths)]
    with open_preflight(host.origin) as preflight:
        found = list(preflight.check(sources))
    assert [finding.source for finding in found] == sources
    assert [code(finding) for finding in found] == [
        "", "source-page", "", "source-missing", "source-format",
    ] * 3  # fmt: skip


def test_sources_that_were_not_checked_before_a_stop_are_omitted(host: SourceHost) -> None:
    stop = threading.Event()
    sources = [VideoSource(n, f"{host.address}/video/{n}", "mp4") for n in range(200)]
    with Preflight(stop, PLATFORM, own_host=host.origin, resolve=resolver()) as preflight:
        answers = preflight.check(sources)
        assert next(answers).source == sources[0]
        stop.set()
        assert len(list(answers)) < 50
    assert len(host.asked) < 50


# The command ----------------------------------------------------------------------------------


def write(path: Path, *rows: tuple[str, str, str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sourceUrl", "filename", "extension", "referenceId"])
        writer.writerows((url, f"Video {ref}", extension, ref) for url, extension, ref in rows)
    return path


def test_check_with_preflight_reports_problems_of_sources(
    host: SourceHost, command: Callable, tmp_path: Path
) -> None:
    run = command(f"{host.address}/v3/api")
    path = write(
        tmp_path / "m.csv",
        (f"{host.address}/video/1.mp4", "mp4", "a"),
        (f"{host.address}/login/2.mp4", "mp4", "b"),
        (f"{host.address}/webm/3.webm", "webm", "c"),
        (f"{host.address}/cut/4.mp4", "mp4", "d"),
        ("http://127.0.0.1:1/5.mp4", "mp4", "e"),
        ("nope", "mp4", "f"),
    )
    assert "2 invalid" in run("check", path, code=1).stdout
    assert host.asked == []
    done = run("check", path, "--preflight", code=1)
    assert "source-page" in done.stdout
    assert "Preflight: 4 sources checked" in done.stdout
    assert "6 rows: 3 can be imported, 3 invalid." in done.stdout
    printed = {(p["line"], p["code"], p["severity"]) for p in run.table("output/m/problems.csv")}
    assert printed == {
        ("3", "source-page", "error"),
        ("5", "source-cut", "warning"),
        ("6", "url-private", "error"),
        ("7", "url-scheme", "error"),
    }
    # Rows with a problem of their own are not asked for.
    assert sorted(host.paths()) == ["/cut/4.mp4", "/login/2.mp4", "/video/1.mp4", "/webm/3.webm"]
    shape = json.loads(run("check", path, "--preflight", "--json", code=1).stdout)
    assert shape["preflight"]["sources"] == 4


def test_run_with_preflight_sends_only_rows_with_a_video(
    sandbox: Callable[..., SandboxServer], command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    clip, page = f"{server.address}/clips/1.mp4", f"{server.address}/"
    path = write(tmp_path / "m.csv", (clip, "mp4", "a"), (page, "mp4", "b"))
    fast = ("--rate", "200", "--poll-interval", "0.3")

    done = run("run", path, "--preflight", *fast, code=1)
    assert "source-page" in done.stdout
    assert [media.reference_id for media in server.platform.media] == ["a"]
    failed = run.table("output/m/failed.csv")
    assert [(row["referenceId"], row["reason"]) for row in failed] == [
        ("b", "sourceUrl: the host sends a web page, not a video")
    ]
    # Another run does not send this row; another preflight checks it again.
    run("run", path, *fast, code=1)
    run("run", path, "--preflight", *fast, code=1)
    assert len(server.platform.media) == 1
    assert run.counts(path)["invalid"] == 1
    # `retry` is the way to send it all the same.
    run("retry", path, *fast)
    assert [media.reference_id for media in server.platform.media] == ["a", "b"]


def test_preflight_of_a_corrected_row_names_its_line_in_the_corrected_file(
    sandbox: Callable[..., SandboxServer], command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    clip, page = f"{server.address}/clips/1.mp4", f"{server.address}/"
    path = write(tmp_path / "m.csv", (clip, "mp4", "a"), (page, "mp4", "b"))
    fast = ("--preflight", "--rate", "200", "--poll-interval", "0.3")
    run("run", path, *fast, code=1)

    corrected = (tmp_path / "output/m/failed.csv").read_text("utf-8-sig").replace(page, f"{page}?2")
    copy = tmp_path / "copy.csv"
    copy.write_text(corrected, encoding="utf-8")
    assert "first lines of copy.csv" in run("run", copy, *fast, code=1).stdout

    (problem,) = run.table("output/m/problems-copy.csv")
    assert (problem["line"], problem["referenceId"], problem["code"]) == ("2", "b", "source-page")


def test_an_interrupted_preflight_keeps_the_previous_problems(
    host: SourceHost, command: Callable, tmp_path: Path
) -> None:
    run = command(f"{host.address}/v3/api")
    path = write(tmp_path / "m.csv", ("nope", "mp4", "a"))
    run("check", path, code=1)
    write(path, *((f"{host.address}/video/{n}.mp4", "mp4", f"{n}") for n in range(300)))
    process = run.start("check", path, "--preflight")
    wait_until(lambda: len(host.asked) > 2)
    process.send_signal(signal.SIGINT)
    assert "Interrupted." in run.finish(process, 130).stderr
    assert len(host.asked) < 100
    assert [p["code"] for p in run.table("output/m/problems.csv")] == ["url-scheme"]
