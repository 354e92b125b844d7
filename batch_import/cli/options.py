"""Every option there is: its name, what it takes, its default, and what it means.

One table: flags, the help, and whatever else names an option are made from it. This file must not
know the commands, nor where a value comes from.
"""

import argparse
import csv
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from batch_import import settings as setting
from batch_import.cli.moments import moment
from batch_import.cli.only import only
from batch_import.errors import UsageError
from batch_import.settings import Settings

#: Where the sandbox listens.
SANDBOX_PORT: Final = 8765
#: The file of options that is read without being named, in the working folder.
CONFIG: Final = Path("batch-import.yaml")


def _number(text: str, least: float, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not (number >= least and number < float("inf")):
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
    return number


def _positive(text: str) -> float:
    return _number(text, 1e-3, "a number above 0")


def _seconds(text: str) -> float:
    return _number(text, 0.0, "a number of seconds")


def _megabytes(text: str) -> float:
    return _number(text, 0.0, "a number of megabytes")


def _count(text: str) -> int:
    return int(_number(text, 1, "a whole number above 0"))


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def _moment(text: str) -> float:
    try:
        return moment(text, time.time())
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _base(example: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        try:
            return setting.base_url(text, "it", example)
        except UsageError as fault:
            raise argparse.ArgumentTypeError(str(fault).removesuffix(".")) from None

    return parse


def _pair(text: str) -> str:
    name, _, value = text.partition("=")
    if not (name and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return text


def _names(text: str) -> str:
    try:
        parts(text)
    except csv.Error:
        raise argparse.ArgumentTypeError(f"{text!r} has a line break in it") from None
    return text


def parts(text: str) -> list[str]:
    """What stands between the commas of a text; one that holds a comma is in double quotes."""
    return [part.strip() for part in next(csv.reader([text], skipinitialspace=True), [])]


def _formats(text: str) -> list[str]:
    names = parts(text) or [text]
    for name in names:
        if name not in ("csv", "xlsx", "html"):
            raise argparse.ArgumentTypeError(f"{name!r} is not one of csv, xlsx, html")
    return names


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        name: long name, without dashes.
        help: what it means; the default is added to it where `default` is a value.
        parse: text → value; raises `argparse.ArgumentTypeError`.
        default: what is in force where it is told nowhere.
        kind: `value` takes one; `commas` a list of them with commas between, as one text; `list`
            may be given again and again; `flag` turns on, or off with `--no-`; so does `switch`,
            which without either leaves things as they are.
        dest: name of the attribute that holds its value, where it is not `name`.
        variable: the environment variable that may hold it.
    """

    name: str
    help: str
    metavar: str | None = None
    parse: Callable[[str], Any] = str
    default: Any = None
    kind: Literal["value", "commas", "list", "flag", "switch"] = "value"
    choices: tuple[str, ...] = ()
    dest: str = ""
    short: str = ""
    variable: str = ""

    @property
    def attribute(self) -> str:
        """The attribute of the parsed arguments that holds its value."""
        return self.dest or self.name.replace("-", "_")

    def read(self, text: str) -> Any:
        """Text → value, wherever it stands.

        Raises:
            argparse.ArgumentTypeError: it is none of the choices, or cannot be parsed.
        """
        if self.choices and text not in self.choices:
            raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(self.choices)}")
        return self.parse(text)


_DEFAULT: Final = Settings()

OPTIONS: Final = (
    # Where options and credentials stand.
    Option(
        "config",
        f"YAML file of options (default: {CONFIG}, where there is one)",
        "FILE",
        parse=Path,
        default=CONFIG,
    ),
    Option(
        "credentials",
        "YAML file of access-key and api-key that nobody else can read",
        "FILE",
        parse=Path,
    ),
    Option(
        "job",
        "job folder: state and results (default: output/<manifest's name>/)",
        "DIR",
        parse=Path,
    ),
    # How a manifest is read.
    Option(
        "map",
        "which column is sourceUrl, filename, extension or referenceId",
        "FIELD=COLUMN",
        parse=_pair,
        kind="list",
    ),
    Option(
        "default",
        "for blank cells, or a missing column, of extension or filename",
        "FIELD=VALUE",
        parse=_pair,
        kind="list",
    ),
    Option("sheet", "sheet of a workbook (default: the first that fits)", "NAME"),
    Option("records", "where JSON or YAML has its records, e.g. items.videos", "PATH"),
    Option(
        "columns",
        "names of the columns of a file without a header, e.g. id,sourceUrl,filename",
        "NAMES",
        parse=_names,
        kind="commas",
        dest="names",
    ),
    # What is asked of it.
    Option(
        "strict",
        "allow no problem at all: send nothing while there is one, be it a warning",
        kind="flag",
        default=False,
    ),
    Option(
        "preflight",
        "ask the source hosts for the first bytes of each video before anything is sent",
        kind="flag",
        default=False,
    ),
    # The platform.
    Option(
        "api-base",
        "base URL of the platform's API, or VIOSTREAM_API_BASE",
        "URL",
        parse=_base(setting.API_BASE),
        default=setting.API_BASE,
        variable="VIOSTREAM_API_BASE",
    ),
    Option(
        "embed-base",
        f"origin of the embed pages, or VIOSTREAM_EMBED_BASE (default: {setting.EMBED_BASE})",
        "URL",
        parse=_base(setting.EMBED_BASE),
        variable="VIOSTREAM_EMBED_BASE",
    ),
    # How a run goes.
    Option(
        "rate",
        "API calls a second for the whole run",
        "N",
        parse=_positive,
        default=_DEFAULT.rate,
    ),
    Option("workers", "calls under way at once", "N", parse=_count, default=_DEFAULT.workers),
    Option(
        "poll-interval",
        "about how long to wait between two looks for the same rows, in seconds",
        "S",
        parse=_positive,
        default=_DEFAULT.poll_interval,
    ),
    Option(
        "max-wait",
        "seconds this run waits for a row that stays processing; the next run looks again",
        "S",
        parse=_seconds,
        default=_DEFAULT.max_wait,
    ),
    Option(
        "max-in-flight",
        "rows under way at once",
        "N",
        parse=_count,
        default=_DEFAULT.max_in_flight,
    ),
    Option(
        "settle",
        "seconds to look for a video whose POST got no answer",
        "S",
        parse=_seconds,
        default=_DEFAULT.settle,
    ),
    Option(
        "when-unsure",
        "what then becomes of its row: hold leaves it unknown, retry sends it again and may make"
        " a second video",
        choices=("hold", "retry"),
        default=_DEFAULT.when_unsure,
    ),
    Option(
        "give-up-after",
        "seconds to wait for a platform that is down",
        "S",
        parse=_positive,
        default=_DEFAULT.give_up_after,
    ),
    Option(
        "refresh",
        "seconds between two times that the results are written meanwhile; more where that takes"
        " long",
        "S",
        parse=_positive,
        default=_DEFAULT.refresh,
    ),
    # Which part of the work a run does, and who is told of its end.
    Option("limit", "take up so many pending rows, and stop when they are done", "N", parse=_count),
    Option(
        "only",
        "take up these rows alone: lines (2,5-9), a reference ID (id:42 where it looks like a"
        " line), or @FILE with one of these a line",
        "WHICH",
        parse=only,
        kind="list",
    ),
    Option(
        "until",
        "stop at this time, e.g. 06:00 or 2026-12-01T06:00; the same command goes on later",
        "TIME",
        parse=_moment,
    ),
    Option("notify", "post a summary as JSON when the run has ended", "URL"),
    # How the results look. Without a default: what is not told stays as it was told the job before.
    Option("player-key", "which of the account's players embeds show", "KEY"),
    Option(
        "embed",
        "the guide's markup, or its iframe alone, 640 wide; neither holds a script",
        choices=("responsive", "fixed"),
    ),
    Option("embed-titles", "name each video in the markup, for screen readers", kind="switch"),
    Option(
        "results-columns",
        "which columns, in which order, under which headings; empty for all",
        "NAME[=HEADING],…",
        parse=_names,
        kind="commas",
        dest="columns",
    ),
    Option(
        "aspect-from-detail",
        "when the import is done, ask for each picture's ratio, a call a row; without it every"
        " embed is 16:9",
        kind="switch",
    ),
    Option(
        "format",
        "which results to write (default csv,xlsx,html)",
        "NAME,…",
        parse=_formats,
        kind="commas",
        default=("csv", "xlsx", "html"),
    ),
    Option(
        "embeds",
        "ask for the embed page of each imported row, too",
        kind="flag",
        default=False,
    ),
    # How a run is forecast.
    Option(
        "offline",
        "ask the platform nothing; what is in the account is then not known",
        kind="flag",
        default=False,
    ),
    Option(
        "rehearse",
        "run it here, on a clock of its own, against the embedded platform with its faults",
        kind="flag",
        default=False,
    ),
    # What is shown.
    Option(
        "log-max",
        "megabytes that the log of all calls may take; the oldest go first, and 0 keeps none",
        "MB",
        parse=_megabytes,
        default=_DEFAULT.log_max,
    ),
    Option("json", "print JSON, for programs", kind="flag", default=False),
    Option("verbose", "show every API call", kind="flag", default=False, short="v"),
    Option(
        "watch",
        "show it again every 2 seconds, until the run ends or Ctrl-C",
        kind="flag",
        default=False,
    ),
    # The sandbox.
    Option("port", "where it listens; 0 takes a free one", "N", parse=_whole, default=SANDBOX_PORT),
    Option("seed", "replays the same faults", "N", parse=_whole, default=1),
    Option(
        "knob",
        "make it awkward, e.g. lost_reply=0.1; all are in docs/sandbox.md",
        "NAME=VALUE",
        parse=_pair,
        kind="list",
    ),
    Option("knobs", "YAML file of knobs", "FILE", parse=Path),
    Option("data", "keep its videos in this file between runs", "FILE", parse=Path),
)
