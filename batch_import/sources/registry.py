"""The installed sources of videos, by the URL scheme of their locations, such as `s3`."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from batch_import.errors import UsageError
from batch_import.sources.source import SigningSource, Source

#: The group of entry points in which packages register sources.
_ENTRY_POINT_GROUP: Final = "batch_import.sources"


@cache
def schemes() -> frozenset[str]:
    """Returns the URL schemes of all installed sources, without `:`. No source is imported."""
    return frozenset(_entry_points())


@cache
def source_of(scheme: str) -> Source:
    """Returns the source of a URL scheme. Each source is imported and constructed only once.

    Args:
        scheme: URL scheme in lower case, without `:`.

    Raises:
        UsageError: there is no such source, or the packages that it needs are not installed.
    """
    entry = _entry_points().get(scheme)
    if entry is None:
        installed = ", ".join(f"{name}:" for name in sorted(schemes()))
        raise UsageError(f"{scheme}: is no source of videos.", f"Installed sources: {installed}.")
    try:
        source: Source = entry.load()()
    except ModuleNotFoundError as error:
        hint = "Install it."
        if entry.extras:
            hint = f"pip install 'viostream-batch-import[{entry.extras[0]}]'"
        raise UsageError(
            f"The source {scheme}: needs the Python package {error.name}, which is not installed.",
            hint,
        ) from error
    return source


def is_signed_scheme(scheme: str) -> bool:
    """Whether an installed source signs references with a URL scheme. The source is imported.

    Raises:
        UsageError: the packages that the source needs are not installed.
    """
    return scheme in schemes() and isinstance(source_of(scheme), SigningSource)


@cache
def _entry_points() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=_ENTRY_POINT_GROUP)}
