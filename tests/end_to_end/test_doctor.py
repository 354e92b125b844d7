"""`doctor` finds problems of a machine before a run."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme

from batch_import.sandbox.server import SandboxServer
from batch_import.workflows.network_checks import Route

BASE = "https://api.example.com/v3/api"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_machine_without_problems_is_ok(
    sandbox: Callable[..., SandboxServer], command: Callable, manifest: Callable
) -> None:
    run = command(sandbox())
    found = json.loads(run("doctor", "--json").stdout)
    results = {check["check"]: check["result"] for check in found["checks"]}
    assert found["ok"]
    assert results["folder"] == results["clock"] == results["account"] == "ok"

    path = manifest(2)
    run("run", path, "--rate", "100", "--poll-interval", "0.2")
    (run.folder / "output/videos/.~lock.results.xlsx#").touch()
    shown = run("doctor", path, code=1).stdout
    assert "problem  open files" in shown
    assert "Close it there." in shown
    assert "2 rows need about" in shown


def test_each_problem_has_advice(command: Callable) -> None:
    run = command("http://127.0.0.1:9/v3/api")
    del run.environ["VIOSTREAM_API_KEY"]
    done = run("doctor", code=1)
    assert "problem  credentials VIOSTREAM_API_KEY is not set." in done.stdout
    assert "--credentials" in done.stdout
    assert "problem  platform    127.0.0.1 does not answer" in done.stdout
    assert "skipped  clock       needs the check “platform”" in done.stdout
    assert "skipped  account     needs the check “platform”" in done.stdout
    assert run("doctor", "--offline", code=1).stdout.count("not with --offline") == 6


@pytest.fixture
def refusing_port() -> Iterator[int]:
    """Yield a port at which no server listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def https_host() -> Iterator[tuple[str, trustme.CA]]:
    """Yield the base URL of a host with a certificate, and the authority that signed it."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}/v3/api", authority
        server.shutdown()
        thread.join()


def test_an_untrusted_certificate_is_a_problem_unless_it_is_configured(
    https_host: tuple[str, trustme.CA], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    base, authority = https_host
    found = Route(base).check_tls()
    assert found.result == "problem"
    assert "is not trusted" in found.message
    assert "REQUESTS_CA_BUNDLE" in found.hint
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    assert Route(base).check_tls().result == "ok"


def test_a_host_that_accepts_no_connection_is_a_problem(refusing_port: int) -> None:
    base = f"https://127.0.0.1:{refusing_port}/v3/api"
    for check in (Route(base).check_tls, Route(base).check_platform):
        assert check().result == "problem"


def test_an_unreachable_proxy_is_shown_without_its_password(
    monkeypatch: pytest.MonkeyPatch, refusing_port: int
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:s3cret@127.0.0.1:{refusing_port}")
    route = Route(BASE)
    found = route.check_proxy()
    assert found.result == "problem"
    assert f"127.0.0.1:{refusing_port} does not accept a connection" in found.message
    assert "s3cret" not in found.message
    assert "HTTPS_PROXY" in found.hint
    assert route.check_dns().result == route.check_tls().result == "skipped"
