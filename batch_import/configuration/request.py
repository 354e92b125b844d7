"""What one command is asked to do with a manifest, as one value.

The command line and the Python API build it, and every workflow takes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from batch_import.configuration import base_urls, kinds
from batch_import.configuration.declaration import Group, check_fields, setting
from batch_import.configuration.settings import ReadingOptions, Settings
from batch_import.job import Job, job_of


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What is asked.

    Raises:
        UsageError: a value is not accepted.

    Attributes:
        manifest: its path; `-` is standard input.
        folder: the job folder; None for the one that goes by the manifest's name.
        reading: how the manifest is read.
        settings: how the import goes.
        results: fields of `ResultOptions` that were given; the others stay as the job has them.
        retry_failed: failed rows are sent again.
        notify: address to post a summary to when the run has ended; None for none.
    """

    manifest: Path
    folder: Path | None = setting(  # noqa: RUF009  (it returns a field)
        None,
        kinds.FolderPath("DIR"),
        "job folder, with state and results",
        Group.COMMON,
        name="job",
        default_text="output/<manifest's name>/",
    )
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    settings: Settings = field(default_factory=Settings)
    results: Mapping[str, Any] = field(default_factory=dict)
    retry_failed: bool = False
    notify: str | None = setting(
        None,
        kinds.TextType("URL", base_urls.webhook),
        "post a summary as JSON when the run has ended",
        Group.COMMON,
    )

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def job(self) -> Job:
        """Where the job is."""
        return job_of(self.manifest) if self.folder is None else Job(self.folder)
