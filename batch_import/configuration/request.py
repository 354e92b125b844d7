"""The request of one command: a manifest with all settings, as one value.

The command line and the Python API create it, and pass it to a workflow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from batch_import.configuration import base_urls, value_types
from batch_import.configuration.declaration import Group, check_fields, setting
from batch_import.configuration.settings import ReadingOptions, Settings
from batch_import.job import Job, default_job


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """A manifest, and all settings of its import.

    Raises:
        UsageError: a value is not valid.

    Attributes:
        manifest: path of the manifest; `-` is standard input.
        folder: the job folder; None means `output/<manifest's name>/`.
        state: URL of the PostgreSQL database that is the job database; empty means a file in the
            job folder.
        standby: whether to wait while another machine runs the job, and to continue it after that.
        reading: how to read the manifest.
        settings: how to import it.
        results: fields of `ResultOptions` to change, by name. The other fields stay as the job
            database has them.
        retry_failed: whether to send failed rows again.
        notify: URL to which a summary is posted at the end of the run; None means no post.
    """

    manifest: Path
    folder: Path | None = setting(  # noqa: RUF009  (it returns a field)
        None,
        value_types.FolderPathType("DIR"),
        "job folder, with the job database and the results",
        Group.COMMON,
        name="job",
        default_text="output/<manifest's name>/",
    )
    state: str = setting(
        "",
        value_types.TextType("URL", base_urls.checked_database_url),
        "PostgreSQL database that keeps the job's state, e.g. postgresql://user@host/name;"
        " other machines can then see the job and take it over",
        Group.COMMON,
        variable="VIOSTREAM_STATE",
        default_text="a file in the job folder",
    )
    standby: bool = setting(
        default=False,
        value_type=value_types.SwitchType(),
        help="wait while another machine runs the job, and continue the job when that run ends;"
        " only for a state in a database",
        group=Group.COMMON,
    )
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    settings: Settings = field(default_factory=Settings)
    results: Mapping[str, Any] = field(default_factory=dict)
    retry_failed: bool = False
    notify: str | None = setting(
        None,
        value_types.TextType("URL", base_urls.checked_webhook_url),
        "post a summary of the run as JSON to this URL when the run ends",
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
