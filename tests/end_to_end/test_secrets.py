"""No secret of a URL, and no credentials, are in any output of the program."""

import base64
import csv
import json
import os
import stat
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest
from signed_addresses import SCHEMES, Signed, sign

from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.platform import SimulatedPlatform
from batch_import.sandbox.server import SandboxServer

FAST = ("--rate", "500", "--poll-interval", "0.2")
#: Places of a URL in the manifest.
PLACES = ("sourceUrl", "filename", "note", "sourceUrl of an invalid row")
#: Files that may contain complete signed URLs; only their owner may read them.
PRIVATE = {"failed.csv", "state.sqlite", "state.sqlite-wal", "state.sqlite-shm"}


#: The credentials that `command_in` uses.
CREDENTIALS = ACCESS_KEY, API_KEY = "VC-test", "a-key-that-must-not-be-seen"


class JobOutput(NamedTuple):
    """Everything that the commands of a job printed and wrote, and the folder of the job."""

    texts: dict[str, str]
    folder: Path


def signed(scheme: str, place: str) -> Signed:
    number = 100 * PLACES.index(place) + SCHEMES.index(scheme)
    return sign(scheme, number, f"video-{number}")


@pytest.fixture(scope="module")
def job_output(tmp_path_factory: pytest.TempPathFactory, command_in: Callable) -> JobOutput:
    folder = tmp_path_factory.mktemp("secrets")
    with (folder / "m.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sourceUrl", "filename", "extension", "referenceId", "note"])
        for at, scheme in enumerate(SCHEMES):
            urls = [signed(scheme, place).url for place in PLACES]
            plain = f"https://h.example.com/{at}.mp4"
            writer.writerow([urls[0], f"A {at}", "mp4", f"a-{at}", ""])
            writer.writerow([plain, f"see {urls[1]}, please", "mp4", f"b-{at}", urls[2]])
            writer.writerow([urls[3], "", "mp4", f"c-{at}", ""])
    knobs = Knobs.from_mapping({"processing": (0.1, 0.2), "failing": 0.3, "rejecting": 0.2})
    texts = {}
    with SandboxServer(SimulatedPlatform(knobs, 7, time.time(), *CREDENTIALS)) as server:
        run = command_in(folder, server.api_base)
        for words in (
            ("check", "m.csv"),
            ("check", "m.csv", "--json"),
            ("plan", "m.csv"),
            ("run", "m.csv", *FAST, "--verbose"),
            ("retry", "m.csv", *FAST),
            ("status", "m.csv"),
            ("status", "m.csv", "--json"),
            ("status", "m.csv", "a-1", "--json"),
            ("verify", "m.csv"),
            ("report", "m.csv"),
        ):
            done = run(*words, code=None)
            texts[" ".join(words)] = done.stdout + done.stderr
    job = folder / "output/m"
    for path in job.iterdir():
        if path.name not in PRIVATE:
            texts[path.name] = content(path)
    return JobOutput(texts, job)


def content(path: Path) -> str:
    if not zipfile.is_zipfile(path):
        return path.read_text("utf-8", "replace")
    with zipfile.ZipFile(path) as parts:
        return "\n".join(parts.read(name).decode("utf-8", "replace") for name in parts.namelist())


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_secret_of_a_url_is_in_any_output(
    job_output: JobOutput, scheme: str, place: str
) -> None:
    address = signed(scheme, place)
    assert address.secrets
    for secret in address.secrets:
        assert [name for name, text in job_output.texts.items() if secret in text] == []


def test_all_outputs_were_written(job_output: JobOutput) -> None:
    written = {"results.csv", "results.xlsx", "results.html", "problems.csv", "verify.csv"}
    assert written | {"calls.jsonl"} <= job_output.texts.keys()
    assert all("a-1" in job_output.texts[name] for name in written - {"problems.csv"})


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_files_with_signed_urls_are_readable_only_by_their_owner(job_output: JobOutput) -> None:
    failed = (job_output.folder / "failed.csv").read_text("utf-8-sig")
    place = "sourceUrl of an invalid row"
    assert all(signed(scheme, place).url.split("?")[0] in failed for scheme in SCHEMES)
    for path in job_output.folder.iterdir():
        if path.name in PRIVATE:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    mask = os.umask(0o22)
    os.umask(mask)
    assert stat.S_IMODE(job_output.folder.stat().st_mode) == 0o777 & ~mask


class EchoHandler(BaseHTTPRequestHandler):
    """A platform that echoes the credentials, also where messages are truncated."""

    def do_GET(self) -> None:
        header = self.headers["Authorization"]
        words = {"cut": f"{'x' * 285} {API_KEY}", "header": header, "plain": f"bad {API_KEY}"}
        words["base64"] = base64.b64encode(API_KEY.encode()).decode()
        words["key"] = f"for {ACCESS_KEY}"
        body = json.dumps({"message": words[self.path.split("/")[1]]}).encode()
        self.send_response(401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("shape", ["cut", "header", "plain", "base64", "key"])
def test_credentials_that_the_platform_echoes_are_replaced(
    tmp_path: Path, command_in: Callable, shape: str
) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), EchoHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        api_base = f"http://127.0.0.1:{server.server_port}/{shape}/api"
        (tmp_path / "v.csv").write_text("url,title\nhttps://h.example.com/1.mp4,One\n", "utf-8")
        done = command_in(tmp_path, api_base)("run", "v.csv", "--verbose", code=3)
    finally:
        server.shutdown()
        server.server_close()
    log = (tmp_path / "output/v/calls.jsonl").read_text("utf-8")
    reported = done.stdout + done.stderr + log
    basic = base64.b64encode(f"{ACCESS_KEY}:{API_KEY}".encode()).decode()
    encoded = base64.b64encode(API_KEY.encode()).decode()
    for secret in (API_KEY[:12], ACCESS_KEY, basic, encoded[:12]):
        assert secret not in reported
