"""Fixtures: the results page of a real import into the sandbox, opened in headless Chromium."""

import csv
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from batch_import.configuration.credentials import Credentials
from batch_import.configuration.request import ImportRequest
from batch_import.configuration.settings import Settings
from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.platform import SimulatedPlatform
from batch_import.sandbox.server import SandboxServer
from batch_import.workflows.run import run

# Test folders are not packages. This makes the helper module in this folder importable.
sys.path.insert(0, str(Path(__file__).parent))
from opened import Report, Seen

#: Options of Chromium, so that the browser itself sends no requests.
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
CREDENTIALS = Credentials("VC-test", "key")
#: Title and source URL of each row. The reference ID is `-ref` and the position in this list.
ROWS = [
    ("Café crème", "https://videos.example.com/cafe.mp4"),
    ("Nordlicht über Tromsø", "https://videos.example.com/nordlicht.mp4"),
    (
        "<script>document.title = 'run'</script><img src=x onerror=alert(1)>",
        "https://h.example.com/x.mp4",
    ),
    ("ラーメンの作り方 🍜", "https://videos.example.com/ramen.mp4"),
    ("Lost in transit", "https://gone.invalid/a.mp4"),
    ("Lost again", "https://gone.invalid/b.mp4"),
    ("No address", "nowhere"),
    *((f"Episode {n}", f"https://videos.example.com/{n}.mp4") for n in range(1, 61)),
]


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    """Yield the results of an import with imported, failed and invalid rows."""
    folder = tmp_path_factory.mktemp("report")
    manifest = folder / "library.csv"
    with manifest.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sourceUrl", "filename", "extension", "referenceId", "team", "code"])
        writer.writerows(
            [url, title, "mp4", f"-ref {n}", "" if n % 2 else "Søren & Co", f"{n:03}"]
            for n, (title, url) in enumerate(ROWS)
        )
    platform = SimulatedPlatform(Knobs(processing=(0.1, 0.4)), 7, time.time(), "VC-test", "key")
    with SandboxServer(platform) as server:
        settings = Settings(
            api_base=server.api_base, embed_base=server.address, rate=200, poll_interval=0.2
        )
        request = ImportRequest(manifest, folder=folder, settings=settings)
        run(request, CREDENTIALS)
        yield Report(folder, server)


@pytest.fixture(scope="session")
def browser(program: Callable[[str], str]) -> Iterator[Browser]:
    """Yield the Chromium of the system."""
    path = program("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Yield a browser window of the size of a desktop, which may use the clipboard."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def seen() -> Seen:
    """Return an empty record of the requests and error messages of the page."""
    return Seen()


@pytest.fixture
def page(context: BrowserContext, report: Report, seen: Seen) -> Iterator[Page]:
    """Yield the open results page, which must print no errors and request only the platform."""
    page = context.new_page()
    seen.watch(page)
    page.goto(report.url)
    yield page
    assert seen.complaints == []
    own = (report.url, f"{report.server.address}/", "data:,")
    assert [url for url in seen.requests if not url.startswith(own)] == []
