"""Import a manifest of videos into Viostream: every row becomes exactly one video.

This package exports the whole Python API (docs/python.md). A name is imported from `library.py`
only when it is used, so that `import batch_import` and the command start fast.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "CheckedManifest",
    "Counts",
    "Credentials",
    "CredentialsRefused",
    "Interrupted",
    "JobBusy",
    "ManifestError",
    "Outcome",
    "PlatformError",
    "PlatformUnreachable",
    "Problem",
    "Progress",
    "ReadingOptions",
    "ResultOptions",
    "RunFault",
    "Settings",
    "Severity",
    "StateError",
    "Stopped",
    "UsageError",
    "__version__",
    "check_manifest",
    "import_manifest",
    "job_status",
    "settings_from_environment",
]

if TYPE_CHECKING:
    from batch_import.library import *
else:

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from batch_import import library

        return getattr(library, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
