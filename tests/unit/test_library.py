"""The names that the package exports."""

import subprocess
import sys
from pathlib import Path

import pytest

import batch_import
from batch_import import UsageError, library, settings_from_environment
from batch_import.job import default_job


def test_the_package_exports_the_names_of_the_library() -> None:
    assert sorted(batch_import.__all__) == sorted([*library.__all__, "__version__"])
    for name in library.__all__:
        assert getattr(batch_import, name) is getattr(library, name)
    assert {*batch_import.__all__} <= {*dir(batch_import)}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = batch_import.Nonsense  # type: ignore[attr-defined]


def test_the_library_is_imported_only_when_it_is_used() -> None:
    code = "import batch_import, sys; print('batch_import.library' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_settings_from_the_environment_have_its_base_urls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIOSTREAM_API_BASE", "http://127.0.0.1:8765/v3/api")
    settings = settings_from_environment(rate=2.0)
    assert (settings.api_base, settings.rate) == ("http://127.0.0.1:8765/v3/api", 2.0)
    assert settings.embed_base == "http://127.0.0.1:8765"
    printed = settings_from_environment(api_base="https://api.test/v3/")
    assert (printed.api_base, printed.embed_base) == (
        "https://api.test/v3",
        "https://play.viostream.com",
    )


def test_invalid_settings_are_refused() -> None:
    with pytest.raises(UsageError, match="unencrypted"):
        settings_from_environment(api_base="http://api.test/v3")
    with pytest.raises(TypeError, match="ratte"):
        settings_from_environment(ratte=2.0)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("manifest", "folder"),
    [("a/library.csv", "library"), ("library.csv.gz", "library"), ("-", "standard-input")],
)
def test_the_default_job_is_found_by_the_name_of_the_manifest(manifest: str, folder: str) -> None:
    assert default_job(Path(manifest)).folder == Path("output") / folder
