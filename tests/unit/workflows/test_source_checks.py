"""Preflight of rows by reference: each is signed before its URL is requested."""

import threading
from pathlib import Path

import pytest

from batch_import.configuration.request import ImportRequest
from batch_import.models import VideoSource
from batch_import.sources.signing import SignedUrl, UrlSigner
from batch_import.sources.source import SigningFailed
from batch_import.workflows.problem_file import open_problem_file
from batch_import.workflows.source_checks import SourceChecks


def test_an_interruption_ends_the_checks_while_a_storage_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, signed = threading.Event(), []

    def sign(_self: UrlSigner, source_url: str) -> SignedUrl | None:
        signed.append(source_url)
        stop.set()  # the user presses Ctrl-C at this time
        raise SigningFailed("the storage does not answer")

    monkeypatch.setattr(UrlSigner, "sign", sign)
    sources = [VideoSource(n + 2, f"s3://videos/{n}.mp4", "mp4", n) for n in range(9)]
    request = ImportRequest(Path("videos.csv"))
    with (
        open_problem_file(tmp_path / "problems.csv") as problems,
        SourceChecks(request, "sourceUrl", stop, lambda _progress: None) as checks,
    ):
        assert list(checks.check(sources, problems)) == []
    assert signed == ["s3://videos/0.mp4"]
