"""The request of one command: a manifest with all settings, as one value.

The command line and the Python API create it. Every workflow has it as an argument.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from batch_import.configuration import base_urls, kinds
from batch_import.configuration.declaration import Group, check_fields, setting
from batch_import.configuration.settings import ReadingOptions, Settings
from batch_import.job import Job, default_job


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """A manifest, and what to do with it.

    Raises:
        UsageError: a value is not valid.

    Attributes:
        manifest: path of the manifest; `-` is standard input.
        folder: the job folder; None means a folder that is named after the manifest.
        state: URL of the database that keeps the state; empty means a file in the job folder.
        standby: wait while another machine runs the job, and continue the job after that.
        reading: how to read the manifest.
        settings: how to import it.
        results: fields of `ResultOptions` to change. The job keeps all other fields.
        retry_failed: send failed rows again.
        notify: URL to post a summary to at the end of the run; None means no post.
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
    state: str = setting(
        "",
        kinds.TextType("URL", base_urls.database),
        "PostgreSQL database that keeps the job's state, e.g. postgresql://user@host/name;"
        " other machines can then see it and take it over",
        Group.COMMON,
        variable="VIOSTREAM_STATE",
        default_text="a file in the job folder",
    )
    standby: bool = setting(
        default=False,
        kind=kinds.Switch(),
        help="wait while another machine runs the job, and take over once it is gone;"
        " for a state in a database",
        group=Group.COMMON,
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
        """The job of the manifest."""
        if self.folder is None:
            return default_job(self.manifest, self.state)
        return Job(self.folder, self.state)
