"""All settings of an import, with name, type, range, default and help text.

Flags, YAML keys, environment variables, the help, the template of the configuration file and the
validation of values are generated from the fields of these classes. This module must not know how
the settings are used, nor parse a command line.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from batch_import.configuration import base_urls, kinds, reading_values
from batch_import.configuration.base_urls import API_BASE, EMBED_BASE
from batch_import.configuration.declaration import Group, check_fields, setting, settings_of
from batch_import.configuration.kinds import ValueType
from batch_import.errors import UsageError, setting_ref

if TYPE_CHECKING:
    from batch_import.models import LineRange

_DAY: Final = 86_400.0
_MONTH: Final = 30 * _DAY  # seconds: longer than any migration takes
#: Maximum of `link_life`, in seconds: no vendor allows a signed URL to be valid for longer
#: (AWS Signature Version 4, Azure user delegation keys, Google V4 signatures: 7 days).
_LONGEST_LINK: Final = 7 * _DAY
#: Shortest duration of a setting, in seconds: shorter than any request. Zero would be a busy loop.
_SHORTEST: Final = 0.001
#: Each worker keeps a connection open, and a process may have 1,024 open files by default.
_MOST_WORKERS: Final = 500
#: The largest manifest that is tested has a million rows.
_MOST_ROWS: Final = 1_000_000
#: Maximum of `rate`, in calls per second: ten times what one process can send.
_HIGHEST_RATE: Final = 10_000.0
#: Maximum of `log_max`, in megabytes: one terabyte.
_LARGEST_LOG: Final = 1_000_000.0


def _seconds(least: float = 0.0, most: float = _MONTH) -> ValueType:
    return kinds.NumberType(least, most, "S", "seconds")


def _base(example: str) -> ValueType:
    return kinds.TextType("URL", lambda text: base_urls.base_url(text, example))


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How to read a manifest. Settings without a value are detected.

    Raises:
        UsageError: a value is not valid.

    Attributes:
        map: field → column. It overrides the detected column; an empty text means no column.
        default: field → value for blank cells, or for a missing column.
        sheet: name of the sheet of a workbook; `all` means all sheets with videos.
        records: path of the records in JSON or YAML, such as `items.videos`.
        columns: column names of a file without a header.
        signing: names of further URL parameters that are signatures. They are masked, and two URLs
            that differ only in them are the same video.
        encoding: Python's name of the encoding of a text file.
        base_url: URL of the folder of bare file names; it ends in `/`.
        allow: problem codes that are turned off.
    """

    map: Mapping[str, str] = setting(
        {},
        kinds.Pair("FIELD=COLUMN", may_be_empty=True),
        "which column is sourceUrl, filename, extension or referenceId",
        Group.READING,
        multiple=True,
    )
    default: Mapping[str, str] = setting(
        {},
        kinds.Pair("FIELD=VALUE"),
        "value of extension or filename for blank cells or a missing column",
        Group.READING,
        multiple=True,
    )
    sheet: str | None = setting(
        None,
        kinds.TextType("NAME"),
        "sheet of a workbook, or all",
        Group.READING,
        default_text="the one with the videos",
    )
    records: str | None = setting(
        None,
        kinds.TextType("PATH"),
        "where JSON or YAML has its records, e.g. items.videos",
        Group.READING,
        default_text="found",
    )
    columns: tuple[str, ...] = setting(
        (),
        kinds.Names("NAMES", as_sequence=True),
        "names of the columns of a file without a header, e.g. id,sourceUrl,filename",
        Group.READING,
        default_text="the header",
    )
    signing: tuple[str, ...] = setting(
        (),
        kinds.Names("NAME,…", as_sequence=True),
        "further URL parameters that are signatures; the job remembers them",
        Group.READING,
        default_text="the known ones",
    )
    encoding: str | None = setting(
        None,
        kinds.TextType("NAME", reading_values.encoding),
        "encoding of a text file, e.g. cp1251",
        Group.READING,
        default_text="detected, if the text proves it",
    )
    base_url: str | None = setting(
        None,
        kinds.TextType("URL", reading_values.folder_url),
        "URL of the folder of bare file names in the URL column, or of folder:PATH,"
        " e.g. https://host/videos/",
        Group.READING,
    )
    allow: Sequence[str] = setting(
        (),
        reading_values.OverrulableCodes(),
        "problem codes to turn off; docs/reference/problems.md lists those that can be",
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
        limit, first: number of pending rows that this run sends, as a pilot or the first ones.
        only: the rows that this run may send, by line numbers or reference IDs; empty means all.
        until: time at which the run stops, in epoch seconds; None means never.
        same_videos: whether added rows that are similar to removed rows are the same videos. `ask`
            does not send them.
        allow_removals: whether an edited manifest may remove most of the pending rows.
        strict: send nothing if the manifest has an error or a warning.
        preflight: request the first bytes of each video from its host before any row is sent.
        rate: maximum number of API calls per second.
        workers: number of threads that send calls.
        poll_interval: approximate time between two status requests for the same rows.
        max_in_flight: maximum number of rows in flight.
        max_wait: how long this run waits for a row that stays processing.
        link_life: how long the signed URL of a reference such as `s3://bucket/key` is valid. The
            default is three times `max_wait`, because the platform may fetch a video late.
        settle: how long the video of a POST without an answer is searched for, before the row stays
            unknown.
        when_unsure: what to do after that: `hold` leaves the row unknown, `retry` sends it again.
        adopt: which existing media with a row's reference ID is used for the row, instead of a new
            one: a media with the same title, or any.
        give_up_after: how long the platform may be down before the run ends.
        lease: how long a run keeps its job in a database without renewing its lease.
        refresh: interval at which the results are written during a run.
        log_max: maximum size of the job's log files together, in megabytes; 0 means no log.
        api_base: base URL of the platform's API, without a final slash.
        embed_base: base URL of the embed pages. The default is Viostream's player, or the API's
            origin if the API is on this machine.
        timeout: maximum durations of connecting, and of an answer.
    """

    limit: int | None = setting(
        None,
        kinds.NumberType(1, _MOST_ROWS, "N", "rows", whole=True),
        "a pilot: send only this many pending rows, spread over hosts, extensions and sizes",
        Group.COMMON,
        default_text="all",
    )
    first: int | None = setting(
        None,
        kinds.NumberType(1, _MOST_ROWS, "N", "rows", whole=True),
        "send only this many pending rows, the first ones",
        Group.COMMON,
        default_text="all",
    )
    only: "Sequence[LineRange | str]" = setting(  # noqa: RUF009  (it returns a field)
        (),
        kinds.RowSelector(),
        "send only these rows: lines (2,5-9), a reference ID (id:42 where it looks like a line),"
        " or @FILE with one of these per line",
        Group.COMMON,
        multiple=True,
    )
    until: float | None = setting(
        None,
        kinds.Moment(),
        "stop at this time, e.g. 06:00 or 2026-12-01T06:00; the same command continues later",
        Group.COMMON,
    )
    same_videos: Literal["ask", "yes", "no"] = setting(
        "ask",
        kinds.ChoiceType(("ask", "yes", "no")),
        "whether added rows that are like sent rows that were removed are the same videos;"
        " ask sends none of them",
        Group.READING,
    )
    allow_removals: bool = setting(
        default=False,
        kind=kinds.Switch(),
        help="go on although the manifest no longer has most of the rows still to be sent",
        group=Group.READING,
    )
    strict: bool = setting(
        default=False,
        kind=kinds.Switch(),
        help="stop on any error or warning: send nothing",
        group=Group.READING,
    )
    preflight: bool = setting(
        default=False,
        kind=kinds.Switch(),
        help="ask the source hosts for the first bytes of each video before anything is sent",
        group=Group.READING,
    )
    rate: float = setting(
        5.0,
        kinds.NumberType(_SHORTEST, _HIGHEST_RATE),
        "API calls per second for the whole run",
        Group.PACE,
    )
    workers: int = setting(
        8,
        kinds.NumberType(1, _MOST_WORKERS, whole=True),
        "API calls in progress at once",
        Group.PACE,
    )
    poll_interval: float = setting(
        30.0,
        _seconds(_SHORTEST, _DAY),
        "how long to wait between two lookups of the same rows, in seconds",
        Group.PACE,
    )
    max_in_flight: int = setting(
        10_000,
        kinds.NumberType(1, _MOST_ROWS, "N", "rows", whole=True),
        "rows in flight at once",
        Group.PACE,
    )
    max_wait: float = setting(
        4 * 3600.0,
        _seconds(),
        "how long this run waits for a row that stays processing, in seconds;"
        " the next run looks again",
        Group.PACE,
    )
    link_life: float = setting(
        12 * 3600.0,
        _seconds(1.0, _LONGEST_LINK),
        "how long the URL is valid that is signed for a row with s3://, az:// or gs://, in seconds",
        Group.ADVANCED,
    )
    settle: float = setting(
        600.0,
        _seconds(),
        "how long to look for a video whose POST got no answer, in seconds",
        Group.ADVANCED,
    )
    when_unsure: Literal["hold", "retry"] = setting(
        "hold",
        kinds.ChoiceType(("hold", "retry")),
        "what to do with its row then: hold leaves it unknown; retry sends it again and may"
        " create a second video",
        Group.ADVANCED,
    )
    adopt: Literal["same-title", "any"] = setting(
        "same-title",
        kinds.ChoiceType(("same-title", "any")),
        "which video in the account with a row's reference ID is taken over instead of sending the"
        " row: one with the row's title, or any",
        Group.ADVANCED,
    )
    give_up_after: float = setting(
        900.0,
        _seconds(_SHORTEST),
        "how long to wait for a platform that is down, in seconds",
        Group.ADVANCED,
    )
    refresh: float = setting(
        60.0,
        _seconds(_SHORTEST, _DAY),
        "how often results are refreshed, in seconds; less often where that takes long",
        Group.RESULTS,
    )
    lease: float = setting(
        15.0,
        _seconds(1.0, 3600.0),
        "how long a run may be silent before another machine takes its job over, in seconds;"
        " for a state in a database",
        Group.ADVANCED,
    )
    log_max: float = setting(
        50.0,
        kinds.NumberType(0, _LARGEST_LOG, "MB", "megabytes"),
        "size limit of the log of all calls, in megabytes; the oldest lines go first, 0 keeps none",
        Group.ADVANCED,
    )
    api_base: str = setting(
        API_BASE,
        _base(API_BASE),
        "base URL of the platform's API",
        Group.ADVANCED,
        variable="VIOSTREAM_API_BASE",
    )
    embed_base: str = setting(
        "",
        _base(EMBED_BASE),
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
                f"{self.first} does not go with {setting_ref('limit')}.", setting="first"
            )
        if not self.embed_base:
            object.__setattr__(self, "embed_base", base_urls.embed_base_for(self.api_base))
        if not kinds.are_seconds(self.timeout, count=2, most=_DAY):
            value = kinds.shortened(self.timeout)
            raise UsageError(f"{value} is not two numbers of seconds.", setting="timeout")

    @property
    def own_host(self) -> str:
        """Host and port of the API if it is on this machine; otherwise empty.

        Such an API is the sandbox. Its clips may be sources; other hosts on this machine may not.
        """
        return base_urls.loopback_origin(self.api_base)


def from_environment(environ: Mapping[str, str] = os.environ) -> Iterator[tuple[str, str]]:
    """The settings that are set by environment variables: names and texts."""
    for each in settings_of(Settings):
        if each.variable and (text := environ.get(each.variable, "").strip()):
            yield each.name, text
