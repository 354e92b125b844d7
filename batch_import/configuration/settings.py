"""All settings of an import, with name, type, range, default and help text.

The flags, the YAML keys, the environment variables, the help and the template of the configuration
file are generated from the fields of these classes, and values are validated by them. This module
must not know how the settings are used, nor parse a command line.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from batch_import.configuration import base_urls, reading_values, value_types
from batch_import.configuration.base_urls import API_BASE, EMBED_BASE
from batch_import.configuration.declaration import (
    DOCUMENTATION_URL,
    Group,
    check_fields,
    setting,
    settings_of,
)
from batch_import.configuration.value_types import ValueType
from batch_import.errors import UsageError, setting_ref

if TYPE_CHECKING:
    from batch_import.models import LineRange

_DAY_SECONDS: Final = 86_400.0
#: Maximum of most durations, in seconds: 30 days, which is longer than a migration takes.
_MAX_SECONDS: Final = 30 * _DAY_SECONDS
#: Maximum of `link_life`, in seconds: no vendor allows a signed URL to be valid for longer
#: (AWS Signature Version 4, Azure user delegation keys, Google V4 signatures: 7 days).
_MAX_LINK_LIFE_SECONDS: Final = 7 * _DAY_SECONDS
#: Minimum of a duration that a loop waits, in seconds: shorter than any request. Zero would be a
#: busy loop.
_MIN_WAIT_SECONDS: Final = 0.001
#: Minimum of `rate`, in requests per second: one request in 17 minutes.
_MIN_RATE: Final = 0.001
#: Maximum of `rate`, in requests per second: ten times as many as one process can send.
_MAX_RATE: Final = 10_000.0
#: Maximum of `workers`: each worker keeps a connection open, and a process may have 1,024 open
#: files by default.
_MAX_WORKERS: Final = 500
#: Maximum of a number of rows: the largest manifest that is tested has a million rows.
_MAX_ROWS: Final = 1_000_000
#: Maximum of `log_max`, in megabytes: one terabyte.
_MAX_LOG_MEGABYTES: Final = 1_000_000.0


def _seconds(minimum: float = 0.0, maximum: float = _MAX_SECONDS) -> ValueType:
    return value_types.NumberType(minimum, maximum, "S", "seconds")


def _base_url(example: str) -> ValueType:
    return value_types.TextType("URL", lambda text: base_urls.checked_base_url(text, example))


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How to read a manifest. A setting without a value is detected from the file.

    Raises:
        UsageError: a value is not valid.

    Attributes:
        map: field (`sourceUrl`, `filename`, `extension`, `referenceId`) → name of its column. It
            overrides the detected column; an empty name means that the field has no column.
        default: field → value for blank cells, or for a missing column.
        sheet: name of the sheet of a workbook; `all` means all sheets with videos.
        records: path of the list of videos in JSON or YAML, such as `items.videos`.
        columns: column names of a file without a header.
        signing: names of URL parameters that are signatures, in addition to the well-known ones.
            Their values are masked. Two URLs that differ only in these parameters are the same
            video.
        encoding: Python's name of the encoding of a text file.
        base_url: URL of the folder to which file names without a URL belong; it ends in `/`.
        allow: problem codes that are turned off.
    """

    map: Mapping[str, str] = setting(
        {},
        value_types.MappingType("FIELD=COLUMN", can_be_empty=True),
        "column to use for sourceUrl, filename, extension or referenceId",
        Group.READING,
        multiple=True,
    )
    default: Mapping[str, str] = setting(
        {},
        value_types.MappingType("FIELD=VALUE"),
        "value of extension or filename if its cell is blank or its column is missing",
        Group.READING,
        multiple=True,
    )
    sheet: str | None = setting(
        None,
        value_types.TextType("NAME"),
        "name of the sheet of a workbook, or all for all sheets with videos",
        Group.READING,
        default_text="the sheet with the videos",
    )
    records: str | None = setting(
        None,
        value_types.TextType("PATH"),
        "path of the list of videos in JSON or YAML, e.g. items.videos",
        Group.READING,
        default_text="detected",
    )
    columns: tuple[str, ...] = setting(
        (),
        value_types.NameListType("NAMES", is_sequence=True),
        "names of the columns of a file without a header, e.g. id,sourceUrl,filename",
        Group.READING,
        default_text="from the header",
    )
    signing: tuple[str, ...] = setting(
        (),
        value_types.NameListType("NAME,…", is_sequence=True),
        "further URL parameters that are signatures; the job remembers them",
        Group.READING,
        default_text="the well-known ones",
    )
    encoding: str | None = setting(
        None,
        value_types.TextType("NAME", reading_values.checked_encoding),
        "encoding of a text file, e.g. cp1251",
        Group.READING,
        default_text="detected",
    )
    base_url: str | None = setting(
        None,
        value_types.TextType("URL", reading_values.checked_folder_url),
        "URL of the folder to which file names belong, e.g. https://host/videos/; for file names in"
        " the URL column, or for folder:PATH",
        Group.READING,
    )
    allow: Sequence[str] = setting(
        (),
        reading_values.ProblemCodesType(),
        "problem codes to turn off; which codes can be turned off:"
        f" {DOCUMENTATION_URL}/reference/problems.md",
        Group.READING,
        multiple=True,
    )

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True)
class Settings:
    """How to import a manifest. Durations are in seconds.

    Raises:
        UsageError: a value is out of its range, or the credentials would be sent unencrypted.

    Attributes:
        limit: number of pending rows that this run sends as a pilot: a varied selection. None means
            all.
        first: number of pending rows that this run sends, the first in the manifest. None means
            all.
        only: the rows that this run may send, by line numbers or reference IDs; empty means all.
        exclude: rows to exclude from the import, like `only`. The job remembers them: no later run
            sends them until `only` selects them.
        until: time at which the run stops, in epoch seconds; None means never.
        same_videos: whether rows that an edited manifest adds, and that are similar to sent rows
            that it removes, are the same videos. `ask` does not send them.
        allow_removals: whether an edited manifest may remove most of the pending rows.
        strict: whether to send nothing if the manifest has an error or a warning.
        preflight: whether to request the first bytes of each video from its host before any row is
            sent.
        rate: maximum number of API requests per second.
        workers: number of threads that send API requests.
        poll_interval: approximate time between two status requests for the same rows.
        max_in_flight: maximum number of rows that are sent and not finished.
        max_wait: how long this run waits for a row whose status stays `processing`.
        link_life: how long the signed URL of a reference such as `s3://bucket/key` is valid. The
            default is three times `max_wait`, because the platform may fetch a video late.
        settle: how long the run searches for the media of a POST that got no answer.
        when_unsure: what to do with the row if no media is found: `hold` leaves the row `unknown`,
            `retry` sends it again.
        adopt: which existing media with a row's reference ID is used for the row, instead of
            creating a new media: only a media with the same title, or any.
        give_up_after: how long the platform may be down before the run ends.
        lease: how long a run keeps a job of a PostgreSQL database without renewing its lease.
        refresh: interval at which the results are written during a run.
        log_max: maximum total size of the job's log files, in megabytes; 0 means no log.
        api_base: base URL of the platform's API, without a final slash.
        embed_base: base URL of the embed pages. The default is Viostream's player, or the API's
            origin if the API is on this machine.
        timeout: maximum time to connect, and maximum time to wait for data of a response.
    """

    limit: int | None = setting(
        None,
        value_types.NumberType(1, _MAX_ROWS, "N", "rows", is_integer=True),
        "send only this many pending rows as a pilot, with different hosts, extensions and sizes",
        Group.COMMON,
        default_text="all",
    )
    first: int | None = setting(
        None,
        value_types.NumberType(1, _MAX_ROWS, "N", "rows", is_integer=True),
        "send only this many pending rows, the first in the manifest",
        Group.COMMON,
        default_text="all",
    )
    only: "Sequence[LineRange | str]" = setting(  # noqa: RUF009  (it returns a field)
        (),
        value_types.RowSelectorType(),
        "send only these rows: line numbers (2,5-9), a reference ID (id:42 if it looks like a line"
        " number), or @FILE, a file with one of these per line",
        Group.COMMON,
        multiple=True,
    )
    exclude: "Sequence[LineRange | str]" = setting(  # noqa: RUF009  (it returns a field)
        (),
        value_types.RowSelectorType(),
        "rows (lines or IDs as above) that no run sends, until a later run selects them",
        Group.COMMON,
        multiple=True,
    )
    until: float | None = setting(
        None,
        value_types.TimestampType(),
        "stop at this time, e.g. 06:00 or 2026-12-01T06:00; the same command continues later",
        Group.COMMON,
    )
    same_videos: Literal["ask", "yes", "no"] = setting(
        "ask",
        value_types.ChoiceType(("ask", "yes", "no")),
        "whether added rows that are similar to removed rows are the same videos;"
        " yes does not send them again, no sends them as new, ask holds them back",
        Group.READING,
    )
    allow_removals: bool = setting(
        default=False,
        value_type=value_types.SwitchType(),
        help="continue if the edited manifest has lost most of the pending rows",
        group=Group.READING,
    )
    strict: bool = setting(
        default=False,
        value_type=value_types.SwitchType(),
        help="allow no error and no warning: run sends nothing, check ends with exit code 1",
        group=Group.READING,
    )
    preflight: bool = setting(
        default=False,
        value_type=value_types.SwitchType(),
        help="request the first bytes of each video from its host before anything is sent",
        group=Group.READING,
    )
    rate: float = setting(
        5.0,
        value_types.NumberType(_MIN_RATE, _MAX_RATE),
        "maximum number of API requests per second, for the whole run",
        Group.PACE,
    )
    workers: int = setting(
        8,
        value_types.NumberType(1, _MAX_WORKERS, is_integer=True),
        "maximum number of API requests at the same time",
        Group.PACE,
    )
    poll_interval: float = setting(
        30.0,
        _seconds(_MIN_WAIT_SECONDS, _DAY_SECONDS),
        "time between two status requests for the same rows, in seconds",
        Group.PACE,
    )
    max_in_flight: int = setting(
        10_000,
        value_types.NumberType(1, _MAX_ROWS, "N", "rows", is_integer=True),
        "maximum number of rows that are sent and not finished",
        Group.PACE,
    )
    max_wait: float = setting(
        4 * 3600.0,
        _seconds(),
        "how long this run waits for a row that stays processing, in seconds;"
        " the next run checks it again",
        Group.PACE,
    )
    link_life: float = setting(
        12 * 3600.0,
        _seconds(1.0, _MAX_LINK_LIFE_SECONDS),
        "how long the signed URL of an s3://, az:// or gs:// row is valid, in seconds",
        Group.ADVANCED,
    )
    settle: float = setting(
        600.0,
        _seconds(),
        "how long to search for the video of a request that got no answer, in seconds;"
        " with less than about 40, many rows stay unknown that could be sent again",
        Group.ADVANCED,
    )
    when_unsure: Literal["hold", "retry"] = setting(
        "hold",
        value_types.ChoiceType(("hold", "retry")),
        "what to do with a row whose request got no answer and whose video was not found: hold"
        " leaves it unknown; retry sends it again, which may create a second video",
        Group.ADVANCED,
    )
    adopt: Literal["same-title", "any"] = setting(
        "same-title",
        value_types.ChoiceType(("same-title", "any")),
        "which existing video with a row's reference ID is used instead of sending the row: only"
        " one with the same title, or any",
        Group.ADVANCED,
    )
    give_up_after: float = setting(
        900.0,
        _seconds(_MIN_WAIT_SECONDS),
        "how long to wait while the platform is down before the run ends, in seconds",
        Group.ADVANCED,
    )
    refresh: float = setting(
        60.0,
        _seconds(_MIN_WAIT_SECONDS, _DAY_SECONDS),
        "time between two updates of the results during a run, in seconds; longer if an update"
        " takes long",
        Group.RESULTS,
    )
    lease: float = setting(
        15.0,
        _seconds(1.0, 3600.0),
        "how long a run may be silent before another machine can take over its job, in seconds;"
        " only for a state in a database",
        Group.ADVANCED,
    )
    log_max: float = setting(
        50.0,
        value_types.NumberType(0, _MAX_LOG_MEGABYTES, "MB", "megabytes"),
        "maximum size of the log of all API requests, in megabytes; the oldest lines are deleted"
        " first, 0 means no log",
        Group.ADVANCED,
    )
    api_base: str = setting(
        API_BASE,
        _base_url(API_BASE),
        "base URL of the platform's API",
        Group.ADVANCED,
        variable="VIOSTREAM_API_BASE",
    )
    embed_base: str = setting(
        "",
        _base_url(EMBED_BASE),
        "origin of the embed pages",
        Group.ADVANCED,
        variable="VIOSTREAM_EMBED_BASE",
        default_text=EMBED_BASE,
    )
    timeout: tuple[float, float] = (10.0, 60.0)

    def __post_init__(self) -> None:
        check_fields(self)
        if self.limit is not None and self.first is not None:
            raise UsageError(
                f"{self.first} cannot be combined with {setting_ref('limit')}.", setting="first"
            )
        if not self.embed_base:
            object.__setattr__(self, "embed_base", base_urls.default_embed_base(self.api_base))
        if not value_types.are_seconds(self.timeout, count=2, maximum=_DAY_SECONDS):
            value = value_types.shortened(self.timeout)
            raise UsageError(f"{value} is not two numbers of seconds.", setting="timeout")

    @property
    def own_host(self) -> str:
        """Host and port of the API if it is on this machine; otherwise empty.

        An API on this machine is the sandbox. Rows may have its sample videos as sources, but no
        other host on this machine.
        """
        return base_urls.loopback_origin(self.api_base)


def read_environment(environ: Mapping[str, str] = os.environ) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each setting whose environment variable is set."""
    for declared in settings_of(Settings):
        text = environ.get(declared.variable, "").strip() if declared.variable else ""
        if text:
            yield declared.name, text
