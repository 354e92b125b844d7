"""Every setting of an import: its name, type, range, default and meaning, in one place.

Flags, YAML keys, environment variables, help, the template of the configuration file and all
checks of values are made from the fields of the classes here. This file must not know how the
settings are used, nor parse a command line.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from batch_import.configuration import base_urls, kinds, reading_values
from batch_import.configuration.base_urls import API_BASE, EMBED_BASE
from batch_import.configuration.declaration import Group, check_fields, setting, settings_of
from batch_import.configuration.kinds import ValueType
from batch_import.errors import UsageError, named

if TYPE_CHECKING:
    from batch_import.models import LineRange

#: What the results can be written as for a content management system.
CMS_FORMATS: Final = ("csv", "json", "jsonl")
_DAY: Final = 86_400.0
#: Longer than any migration runs.
_MONTH: Final = 30 * _DAY
#: Shorter than any call takes: a wait of nothing would be a busy loop.
_SHORTEST: Final = 0.001
#: Each worker keeps a connection; systems allow a process 1,024 open files by default.
_MOST_WORKERS: Final = 500
#: The largest manifest that is tested has a million rows.
_MOST_ROWS: Final = 1_000_000
#: Calls per second: ten times what one process can send.
_HIGHEST_RATE: Final = 10_000.0
#: Megabytes: a terabyte.
_LARGEST_LOG: Final = 1_000_000.0


def _seconds(least: float = 0.0, most: float = _MONTH) -> ValueType:
    return kinds.NumberType(least, most, "S", "seconds")


def _base(example: str) -> ValueType:
    return kinds.TextType("URL", lambda text: base_urls.base_url(text, example))


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How a manifest is read. What is not set is found out.

    Raises:
        UsageError: a value is not accepted.

    Attributes:
        map: field → column, stronger than any name; an empty column means that the field has none.
        default: field → value where a cell is blank or the column is missing.
        sheet: name of the sheet of a workbook; `all` for all that hold videos.
        records: where the records of JSON or YAML are, as `items.videos`.
        columns: names of the columns of a file without a header.
        signing: names of parameters of addresses that sign, beside the known ones: they are
            masked, and do not tell videos apart.
        encoding: of a text file, as Python calls it.
        base_url: the folder that file names without a host are in; ends in `/`.
        allow: codes of problems that do not count.
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
        "value of extension or filename where a cell is blank or the column is missing",
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
        "more parameters of addresses that sign, beside the known ones; the job remembers them",
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
        "URL of the folder of bare file names in the URL column, e.g. https://host/videos/",
        Group.READING,
    )
    allow: Sequence[str] = setting(
        (),
        reading_values.OverrulableCodes(),
        "codes of problems that do not count; docs/reference/problems.md tells which can be given",
        Group.READING,
        multiple=True,
    )

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True)
class ResultOptions:
    """How a job's results look. Kept with the job: every later report of it looks alike.

    Raises:
        UsageError: a value is not accepted.

    Attributes:
        player_key: of the player that embeds show; empty for the account's own.
        embed: which markup: `responsive` is the guide's, `fixed` its `<iframe>` alone.
        embed_titles: name each video in the markup (`title=`), for screen readers.
        results_columns: which columns, and their headings: `NAME[=HEADING],…`; empty for all.
        group_by: a column by whose values rows are grouped; empty for none.
        cms_format: which files the format `cms` is written as: `csv`, `json`, `jsonl`.
        aspect_from_detail: ask the platform for each picture's ratio; costs one call per row.
    """

    player_key: str = setting(
        "",
        kinds.TextType("KEY"),
        "which of the account's players embeds show",
        Group.RESULTS,
        default_text="the account's",
    )
    embed: Literal["responsive", "fixed"] = setting(
        "responsive",
        kinds.ChoiceType(("responsive", "fixed")),
        "responsive embed, or fixed 640 px iframe; neither holds a script",
        Group.RESULTS,
    )
    embed_titles: bool = setting(
        default=False,
        kind=kinds.Switch(),
        help="name each video in the embed code, for screen readers",
        group=Group.RESULTS,
    )
    results_columns: str = setting(
        "",
        kinds.Names("NAME[=HEADING],…"),
        "which columns the results have, in which order, under which headings",
        Group.RESULTS,
        default_text="all",
    )
    group_by: str = setting(
        "",
        kinds.TextType("COLUMN"),
        "column by which results.xlsx has a sheet per group, and results.html is narrowed down",
        Group.RESULTS,
        default_text="none",
    )
    cms_format: tuple[str, ...] = setting(
        ("csv",),
        kinds.Names("NAME,…", CMS_FORMATS, as_sequence=True),
        "which files the format cms is written as",
        Group.RESULTS,
    )
    aspect_from_detail: bool = setting(
        default=False,
        kind=kinds.Switch(),
        help="after the import, ask for each picture's aspect ratio, one call per row;"
        " otherwise every embed is 16:9",
        group=Group.RESULTS,
    )

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True)
class Settings:
    """How an import goes. Times are in seconds.

    Raises:
        UsageError: a value is out of its range, or the credentials would be sent unencrypted.

    Attributes:
        limit: how many pending rows this run sends, chosen as examples of all; None for all.
        first: how many pending rows this run sends, from the first one on; None for all.
        only: the rows that this run may send, by lines or reference IDs; empty for all.
        until: epoch seconds from which on nothing more is done; None for never.
        same_videos: whether added rows that are like rows that were sent and are no longer in the
            manifest are the same videos; `ask` sends none of them.
        allow_removals: an edited manifest may skip most of the rows that are still to be sent.
        strict: send nothing while the manifest has an error or a warning.
        preflight: ask the source hosts before anything is sent.
        rate: API calls per second for the whole run, at most.
        workers: threads that send calls.
        poll_interval: about how long to wait between two lookups of the same rows.
        max_in_flight: rows in flight at once, at most.
        max_wait: how long this run waits for a row that stays processing.
        settle: how long a POST without an answer is looked for before its row stays unknown.
        when_unsure: what then becomes of its row: `hold` leaves it unknown, `retry` sends it again.
        adopt: which media with the reference ID of a row that was not sent is taken over: one with
            the row's title, or any.
        give_up_after: how long the platform may be down before the run ends.
        refresh: how often results are written while a run goes on.
        log_max: megabytes of the job's log, all its files together; 0 keeps none.
        api_base: base URL of the platform's API, without a final slash.
        embed_base: origin of the embed pages; where it is not given, Viostream's player, or the
            API's own origin where the API is on this machine.
        timeout: how long a call may take to connect, and to answer.
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
            raise UsageError(f"{self.first} does not go with {named('limit')}.", setting="first")
        if not self.embed_base:
            object.__setattr__(self, "embed_base", base_urls.embed_base_for(self.api_base))
        if not kinds.are_seconds(self.timeout, count=2, most=_DAY):
            raise UsageError(
                f"{kinds.shortened(self.timeout)} is not two numbers of seconds.", setting="timeout"
            )

    @property
    def own_host(self) -> str:
        """Host and port of the API if it runs on this machine; empty if it does not.

        An API here is the sandbox: its own clips may be sources, though no other host here may.
        """
        return base_urls.loopback_origin(self.api_base)


def from_environment(environ: Mapping[str, str] = os.environ) -> Iterator[tuple[str, str]]:
    """The settings that variables of the environment hold: name and text."""
    for each in settings_of(Settings):
        if each.variable and (text := environ.get(each.variable, "").strip()):
            yield each.name, text
