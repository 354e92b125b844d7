"""Each check of `doctor` finds its problem, and has advice."""

import os
import socket
import threading
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from batch_import.configuration.credentials import Credentials
from batch_import.configuration.settings import Settings
from batch_import.errors import UsageError
from batch_import.job import Job
from batch_import.web import reachability
from batch_import.web.bounded import HttpResponse
from batch_import.workflows import machine_checks
from batch_import.workflows.doctor import DoctorRequest, examine
from batch_import.workflows.finding import DoctorFinding
from batch_import.workflows.network_checks import Route

BASE = "https://api.example.com/v3/api"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def raise_unresolved(_: str) -> list[str]:
    raise socket.gaierror(-2, "Name or service not known")


def test_checks_that_depend_on_a_failed_check_are_skipped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(reachability, "ip_addresses", raise_unresolved)

    def none() -> Credentials:
        raise UsageError("There are none.", "Set them.")

    request = DoctorRequest(Settings(), tmp_path, [], none)
    found = dict(examine(request, threading.Event()))
    problems = [name for name, each in found.items() if each.result == "problem"]
    assert problems == ["credentials", "dns"]
    assert found["credentials"] == DoctorFinding("problem", "There are none.", "Set them.")
    after = [found[name] for name in ("tls", "clock", "account")]
    assert {each.message for each in after} == {"needs the check “dns”"}


def test_offline_checks_contact_no_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(reachability, "ip_addresses", raise_unresolved)
    keys = Credentials("VC-a", "b")
    request = DoctorRequest(Settings(), tmp_path, [], lambda: keys, is_offline=True)
    results = {name: each.result for name, each in examine(request, threading.Event())}
    assert "problem" not in results.values()
    assert results["account"] == "skipped"


def test_no_proxy_is_used_if_none_is_configured() -> None:
    assert Route(BASE).check_proxy() == DoctorFinding("ok", "No proxy is used for api.example.com.")


@pytest.mark.parametrize(
    ("ahead", "result", "word"), [(0, "ok", "differs"), (-3600, "problem", "fast"),
                                  (3600, "problem", "slow")]
)  # fmt: skip
def test_the_clock_is_compared_with_the_platform(
    monkeypatch: pytest.MonkeyPatch, ahead: float, result: str, word: str
) -> None:
    answer = HttpResponse(401, {"Date": formatdate(time.time() + ahead, usegmt=True)}, b"")
    monkeypatch.setattr(reachability, "get_without_credentials", lambda _: answer)
    route = Route(BASE)
    assert route.check_platform() == DoctorFinding("ok", "api.example.com answers.")
    found = route.check_clock()
    assert (found.result, word in found.message) == (result, True)


def test_the_clock_check_is_skipped_if_the_answer_has_no_date(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        reachability, "get_without_credentials", lambda _: HttpResponse(401, {}, b"")
    )
    route = Route(BASE)
    assert route.check_platform().result == "ok"
    assert route.check_clock().result == "skipped"


def test_an_unavailable_platform_is_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        reachability, "get_without_credentials", lambda _: HttpResponse(503, {}, b"")
    )
    found = Route(BASE).check_platform()
    assert (found.result, found.message) == ("problem", "api.example.com answers HTTP 503.")


def test_a_missing_or_outdated_package_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["requests>=9999.1", "nothing-of-this-name>=1", 'pytest>=9999; extra == "dev"']
    monkeypatch.setattr(machine_checks.metadata, "requires", lambda _: wanted)
    found = machine_checks.check_packages()
    assert found.result == "problem"
    assert "(needs 9999.1)" in found.message
    assert "nothing-of-this-name is missing" in found.message
    assert "pytest" not in found.message


def test_a_full_disk_is_a_problem(tmp_path: Path) -> None:
    assert machine_checks.check_disk_space(tmp_path / "new" / "job", 1, 0.0).result == "ok"
    full = machine_checks.check_disk_space(tmp_path, 10**12, 50.0)
    assert full.result == "problem"
    assert "Free some space" in full.hint


def test_a_folder_that_cannot_be_written_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert machine_checks.check_folder(tmp_path / "new").result == "ok"
    assert list(tmp_path.iterdir()) == []

    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(machine_checks.tempfile, "NamedTemporaryFile", refuse)
    assert "is not writable: Permission denied" in machine_checks.check_folder(tmp_path).message


@pytest.mark.parametrize("mark", [".~lock.results.xlsx#", "~$results.xlsx"])
def test_results_that_another_program_has_open_are_a_problem(tmp_path: Path, mark: str) -> None:
    job = Job(tmp_path)
    (tmp_path / "results.xlsx").touch()
    assert machine_checks.check_open_files([job]).result == "ok"
    (tmp_path / mark).touch()
    found = machine_checks.check_open_files([job])
    assert found.result == "problem"
    assert "results.xlsx" in found.message


@pytest.mark.skipif(os.name == "nt", reason="it shows what Windows does")
def test_a_file_that_another_program_has_locked_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "failed.csv").touch()
    opened = Path.open

    def refuse(path: Path, *arguments: str) -> object:
        if path.name == "failed.csv":
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments)

    monkeypatch.setattr(Path, "open", refuse)
    assert "failed.csv" in machine_checks.check_open_files([Job(tmp_path)]).message


def test_open_files_are_not_checked_during_a_run(tmp_path: Path) -> None:
    job = Job(tmp_path)
    (tmp_path / ".~lock.results.xlsx#").touch()
    with job.locked():
        assert machine_checks.check_open_files([job]).result == "skipped"


@pytest.mark.parametrize(
    ("place", "kind", "found"),
    [("/", "nfs4", "nfs4"), ("/", "ext4", ""), ("/elsewhere", "cifs", "")],
)
def test_a_network_drive_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, kind: str, found: str
) -> None:
    mounts = f"host:/x {place} {kind} rw 0 0\n"
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: mounts)
    assert (machine_checks.check_folder(tmp_path).result == "problem") == bool(found)
