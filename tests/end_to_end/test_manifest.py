"""`batch-import manifest`: the manifests that it writes are valid, and their URLs are the files."""

import gzip
import json
import os
import shlex
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unicodedata import normalize
from urllib.parse import unquote_to_bytes
from urllib.request import urlopen

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from terminal import dialog

from batch_import import check_manifest
from batch_import.addresses.urls import request_url
from batch_import.manifest.read import open_manifest
from batch_import.sources.source import ListingOptions
from batch_import.workflows.write_manifest import ListingRequest, write_manifest

#: No server listens there: this command contacts no platform.
DOWN = "http://127.0.0.1:9/v3/api"


class WebServer(ThreadingHTTPServer):
    """Serves the files of a folder by the bytes of their names, and answers set by a test."""

    daemon_threads = True

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = os.fsencode(root)
        self.url = f"http://127.0.0.1:{self.server_port}/"
        #: Path → answers: status, headers, body. The last one is repeated.
        self.answers: dict[str, list[tuple[int, dict[str, str], bytes]]] = {}
        self.requested: list[str] = []

    def answer(self, path: str, body: str | bytes = b"", status: int = 200, **headers: str) -> str:
        raw = body if isinstance(body, bytes) else body.encode()
        self.answers.setdefault(path, []).append((status, headers, raw))
        return self.url + path


class _Handler(BaseHTTPRequestHandler):
    server: WebServer

    def do_GET(self) -> None:
        path = self.path.lstrip("/")
        self.server.requested.append(path)
        status, headers, body = self._answer(path)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        if answers := self.server.answers.get(path):
            return answers.pop(0) if len(answers) > 1 else answers[0]
        file = self.server.root + b"/" + unquote_to_bytes(path)
        return (200, {}, Path(os.fsdecode(file)).read_bytes())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebServer]:
    (tmp_path / "www").mkdir()
    with WebServer(tmp_path / "www") as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def run(command: Callable[[str], Callable]) -> Callable:
    return command(DOWN)


# A folder that a web server serves ------------------------------------------------------------

#: Parts of file names that are special in URLs, CSV files, spreadsheets or file systems.
PARTS = st.sampled_from(
    [
        *" é%?#\"'+&=;,:@!$()*[]{}|\\^`~<>\n\t",
        *("%20", "%2F", "..", "=1+1", "0042", "1E5", "日本", "e\u0301", "\U0001f3ac"),
    ]
)
NAMES = st.lists(st.one_of(PARTS, st.text("abc", max_size=3)), min_size=1, max_size=6)


def _is_listable(name: str) -> bool:
    return bool(name) and not name.startswith(".") and len(name.encode()) < 200


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(st.lists(NAMES.map("".join).filter(_is_listable), min_size=1, max_size=8))
@example(["a b", "é", "50%", "a%20b", "why?", "h#1", '"q"', "a+b", "a&b=c", "=1+1", "0042"])
def test_urls_of_unusual_file_names_lead_to_the_same_files(
    web: WebServer, names: list[str]
) -> None:
    # Names that differ only in their Unicode form are one URL (RFC 3987).
    unique = {normalize("NFC", name).casefold().strip(): name for name in names}.values()
    root = Path(os.fsdecode(web.root))
    for old in root.iterdir():
        old.unlink()
    for name in unique:
        (root / f"{name}.mp4").write_text(f"This is {name}.", encoding="utf-8")
    for suffix in ("csv", "xlsx"):
        file = root.parent / f"library.{suffix}"
        base = "https://videos.example.com/v/"
        written = write_manifest(
            ListingRequest((f"folder:{root}",), file, True, options=ListingOptions(base_url=base))  # noqa: FBT003
        )
        checked = check_manifest(file, job=root.parent / "job")
        problems = [problem for problem in checked.problems() if problem.severity == "error"]
        assert not [p for p in problems if not p.code.startswith("filename")], problems
        assert written.row_count == checked.rows == len(unique)
        fetched = {
            urlopen(request_url(url).replace(base, web.url)).read().decode()
            for chunk in open_manifest(file).chunks()
            for url in chunk.frame[0]
        }
        assert fetched == {f"This is {name}." for name in unique}


def test_a_folder_is_listed_and_its_manifest_is_valid(run: Callable, tmp_path: Path) -> None:
    for name in ("HR/Welcome.mp4", "HR/slides.pdf", "Town hall.MOV"):
        (tmp_path / "v" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "v" / name).write_bytes(b"0123456789")
    listing = ("manifest", "folder:v", "--base-url", "https://videos.example.com/", "-o")
    done = run(*listing, "library.csv")
    assert "Written: library.csv, 2 rows." in done.stdout
    assert ".pdf is a document" in done.stdout
    assert "slides.pdf" in done.stdout
    assert "batch-import check library.csv" in done.stdout
    checked = run("check", "library.csv")
    assert "2 rows: 2 can be imported, 0 invalid." in checked.stdout
    assert run("check", "library.csv", "--strict")
    titles = [row["filename"] for row in run.table("library.csv")]
    assert titles == ["Town hall", "Welcome"]
    refused = run(*listing, "library.csv", code=2)
    assert "library.csv exists already" in refused.stderr
    run(*listing, "library.csv", "--replace", "--include", "hr/*", "--min-size", "10")
    assert {row["extension"] for row in run.table("library.csv")} == {"mp4", "pdf"}
    done = run(*listing, "new.csv", "--min-size", "1k", "--since", "2020-01-31", code=2)
    assert "smaller than --min-size" in done.stderr


def test_a_terminal_shows_the_number_of_listed_items(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    (tmp_path / "v/a.mp4").write_bytes(b"")
    more = ["--base-url", "https://videos.example.com/", "-o", "library.csv"]
    program = shlex.join([sys.executable, "-m", "batch_import", "manifest", "folder:v", *more])
    # A new terminal has no size; tqdm shows nothing in such a terminal.
    shell = ["sh", "-c", f"stty rows 24 cols 80; exec {program}"]
    seen = dialog(shell, [], tmp_path, {**run.environ, "TERM": "xterm"})
    assert seen.code == 0
    assert "Listing: 0 items [" in seen.screen
    quiet = run("manifest", "folder:v", *more, "--replace")
    assert not quiet.stderr


# Feeds ------------------------------------------------------------------------------------------


def rss(*names: str, more: str = "") -> str:
    items = "".join(
        f'<item><title>{name}</title><enclosure url="https://h.example/{name}.mp4"'
        ' type="video/mp4"/></item>'
        for name in names
    )
    return (
        '<rss xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
        f"<title>Feed</title>{more}{items}</channel></rss>"
    )


def titles(run: Callable, name: str = "library.csv") -> list[str]:
    return [row["filename"] for row in run.table(name)]


def test_a_feed_with_several_pages_is_listed_after_a_redirect(
    run: Callable, web: WebServer
) -> None:
    page = '<atom:link rel="next" href="{}"/>'
    web.answer("feed", status=301, Location="/moved/feed")
    web.answer("moved/feed", "busy", 503)
    web.answer("moved/feed", rss("One", more=page.format("2")))
    web.answer("moved/2", rss("Two", more=page.format("/moved/feed2")))
    web.answer("moved/feed2", rss("Three", more=page.format("2")))
    done = run("manifest", f"feed:{web.url}feed", "-o", "library.csv")
    assert "3 rows" in done.stdout
    assert titles(run) == ["One", "Two", "Three"]
    assert web.requested.count("moved/2") == 1
    assert "3 can be imported" in run("check", "library.csv").stdout


def test_a_sitemap_index_with_a_missing_part_is_listed_incompletely(
    run: Callable, web: WebServer
) -> None:
    video = (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        ' xmlns:video="http://www.google.com/schemas/sitemap-video/1.1"><url><loc>x</loc>'
        "<video:video><video:title>One</video:title>"
        "<video:content_loc>https://h.example/1.mp4</video:content_loc></video:video></url></urlset>"
    )
    web.answer("1.xml.gz", gzip.compress(video.encode()))
    web.answer("2.xml", "gone", 404)
    parts = "".join(f"<sitemap><loc>{web.url}{n}</loc></sitemap>" for n in ("1.xml.gz", "2.xml"))
    web.answer("index", f"<sitemapindex>{parts}</sitemapindex>")
    done = run("manifest", f"feed:{web.url}index", "-o", "library.csv", code=1)
    assert "the host answered HTTP 404" in done.stdout
    assert titles(run) == ["One"]


BOMB = '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        (BOMB + rss("&b;"), 200, 2, "defines XML entities"),
        ("<html></html>", 200, 2, "its root element is <html>"),
        ("no", 404, 3, "the host answered HTTP 404"),
        ("", 302, 3, "redirects to an invalid URL"),
    ],
)
def test_the_error_for_an_unreadable_feed_is_one_line(
    body: str, status: int, code: int, words: str, run: Callable, web: WebServer
) -> None:
    web.answer("feed?token=secret12345", body, status, Location="file:///etc/passwd")
    done = run("manifest", f"feed:{web.url}feed?token=secret12345", "-o", "x.csv", code=code)
    assert words in done.stderr
    assert "secret12345" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (run.folder / "x.csv").exists()


def test_no_link_of_a_feed_leads_to_a_private_host(run: Callable, web: WebServer) -> None:
    # The user named 127.0.0.1. The feed must not lead to another private host name.
    inside = web.url.replace("127.0.0.1", "localhost")
    web.answer("feed", rss("One", more=f'<atom:link rel="next" href="{inside}secret"/>'))
    web.answer("secret", rss("Secret"))
    done = run("manifest", f"feed:{web.url}feed", "-o", "library.csv", code=1)
    assert "private IP address" in done.stdout
    assert titles(run) == ["One"]
    assert "secret" not in web.requested
    web.answer("away", status=302, Location=f"{inside}secret")
    done = run("manifest", f"feed:{web.url}away", "-o", "x.csv", code=3)
    assert "private IP address" in done.stderr
    assert "secret" not in web.requested


def test_several_sources_are_written_into_one_manifest(
    run: Callable, web: WebServer, tmp_path: Path
) -> None:
    (tmp_path / "v").mkdir()
    (tmp_path / "v/Zero.mp4").write_bytes(b"")
    web.answer("feed", rss("One"))
    base = ("--base-url", "https://videos.example.com/")
    run("manifest", "folder:v", f"feed:{web.url}feed", *base, "-o", "library.xlsx")
    checked = run("check", "library.xlsx")
    assert "2 rows: 2 can be imported" in checked.stdout


# Saved responses ------------------------------------------------------------------------------

ANSWERS = Path(__file__).parents[1] / "unit/sources/answers"


def test_manifests_of_all_saved_responses_are_checked(run: Callable) -> None:
    names = sorted(each.name for each in ANSWERS.glob("*.json") if each.name != "s3.json")
    assert len(names) > 10
    files = [f"saved:{ANSWERS / name}" for name in names]
    done = run("manifest", *files, "-o", "library.csv", "--json")
    written = json.loads(done.stdout)
    assert written["complete"]
    assert written["expiring"] == 4
    assert "Google Takeout" in str(written["skipped"])
    checked = json.loads(
        run("check", "library.csv", "--default", "extension=mp4", "--json", code=None).stdout
    )
    assert (
        checked["rows"]
        == written["rows"]
        == len({r["sourceUrl"] for r in run.table("library.csv")})
    )
    # The samples are from 2025, so their URLs have expired. Some platforms give their videos no ID.
    assert {kind["code"] for kind in checked["kinds"]} <= {"url-expired", "reference-blank"}
    ids = [row["referenceId"] for row in run.table("library.csv")]
    assert len(set(ids)) == len(ids)


def test_urls_that_expire_soon_are_reported(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "drive.json").write_bytes((ANSWERS / "graph.json").read_bytes())
    done = run("manifest", "saved:drive.json", "-o", "library.csv")
    assert "The URLs of 1 row expire, the first in about 60 min" in done.stdout
    assert "tempauth" not in done.stdout
    os.utime(tmp_path / "drive.json", (0, 0))
    done = run("manifest", "saved:drive.json", "-o", "library.csv", "--replace")
    assert "has expired already" in done.stdout
