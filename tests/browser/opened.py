"""Types of the tests of the results page: the results of an import, and the page's requests."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page

from batch_import.sandbox.server import SandboxServer


@dataclass
class Report:
    """The results of an import, and the platform that they were imported into."""

    folder: Path
    server: SandboxServer

    @property
    def url(self) -> str:
        return (self.folder / "results.html").as_uri()

    def lines(self) -> dict[str, dict[str, str]]:
        """Return the rows of results.csv: title → column → cell."""
        with (self.folder / "results.csv").open(encoding="utf-8-sig", newline="") as file:
            return {line["filename"]: line for line in csv.DictReader(file)}


@dataclass
class Seen:
    """The requests that a page has sent, and its errors and console messages."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text))
