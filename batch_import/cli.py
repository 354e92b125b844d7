"""Flags in; words, progress bars and exit codes out. Nothing else prints or exits.

This file must not decide anything about rows or calls. What a command needs is imported when it
runs, so that `--help`, `--version` and `status` start fast.
"""

import argparse
import gc
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from batch_import import __version__
from batch_import import settings as setting
from batch_import.errors import Interrupted, RunFault, StateError, UsageError
from batch_import.files import replacing
from batch_import.manifest.options import Options
from batch_import.models import Counts
from batch_import.settings import Credentials, ResultOptions, Settings

if TYPE_CHECKING:
    from batch_import.importer.dispatch import Progress
    from batch_import.intake import Asked, Checked, Reading
    from batch_import.pipeline import Job, Loaded
    from batch_import.report.problems import Kind
    from batch_import.sandbox.knobs import Knobs
    from batch_import.sandbox.server import SandboxServer
    from batch_import.state.store import Edition

OK, INCOMPLETE = 0, 1
#: Seconds between two lines of progress where there is no terminal.
_LINE_EVERY = 10.0
_DEMO_FOLDER = Path("output/demo")
_SANDBOX_PORT = 8765
_SANDBOX_CREDENTIALS = Credentials("VC-sandbox", "sandbox-api-key")
#: Numbers of lines that can be taken in at once.
_SHOWN_LINES = 10
_FINISHED = ("imported", "failed", "invalid", "skipped")


def entry_point() -> NoReturn:
    """The `batch-import` command."""
    # Rows come and go by the million and hold no cycles; to look for some costs a tenth of a check.
    gc.set_threshold(100_000)
    sys.exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code.

    0 every row is imported; 1 finished, but rows are not; 2 wrong usage, or a manifest or state
    that cannot be used; 3 the platform refuses or cannot be reached; 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        # A console that lacks a character shows another one, rather than a traceback.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    try:
        arguments = _parser().parse_args(argv)
        _log_calls(verbose=arguments.verbose)
        command: Callable[[argparse.Namespace], int] = arguments.command
        return command(arguments)
    except RunFault as fault:
        print(f"batch-import: {_shown(str(fault))}", file=sys.stderr)
        return fault.exit_code
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`); Python must not complain of it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return Interrupted.exit_code


# Flags ----------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="batch-import",
        description="Import a manifest of videos into Viostream. Every row becomes exactly one"
        " video; running the same command again finishes the work.",
        epilog="Credentials come from VIOSTREAM_ACCESS_KEY and VIOSTREAM_API_KEY. Exit codes:"
        " 0 every row is imported, 1 finished but rows are not, 2 wrong usage or unreadable"
        " manifest or state, 3 the platform refuses or cannot be reached, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"batch-import {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(
        name: str, command: Callable[[argparse.Namespace], int], text: str, *parts: str
    ) -> None:
        sub = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        sub.set_defaults(command=command, verbose=False)
        for part in parts:
            _PARTS[part](sub)

    add("demo", _demo, "import a sample manifest into the embedded platform", "verbose")
    add("init", _init, "write template manifests to be filled in", "folder")
    add("account", _account, "test the credentials", "api", "verbose")
    add("check", _check, "validate a manifest; nothing is sent", *_CHECKING, "json")
    add("run", _run, "import a manifest, or resume", *_IMPORTING)
    add("retry", _retry, "send failed rows again, then run", *_IMPORTING)
    add("status", _status, "show how many rows are where", "manifest", "job", "json")
    add("report", _report, "write the results again from the state", *_REPORTING)
    add("sandbox", _sandbox, "run the embedded platform until Ctrl-C", "sandbox")
    return parser


def _manifest_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "manifest",
        type=Path,
        metavar="MANIFEST",
        help="a row a video: CSV, TSV, XLSX, JSON, JSON Lines, YAML, or - for standard input",
    )


def _folder_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", type=Path, nargs="?", default=Path(), metavar="FOLDER", help="default: this one"
    )


def _job_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--job",
        type=Path,
        metavar="DIR",
        help="job folder: state and results (default: output/<manifest's name>/)",
    )


def _reading_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--map", action="append", default=[], metavar="FIELD=COLUMN",
        help="which column is sourceUrl, filename, extension or referenceId",
    )  # fmt: skip
    add(
        "--default", action="append", default=[], metavar="FIELD=VALUE",
        help="for blank cells, or a missing column, of extension or filename",
    )  # fmt: skip
    add("--sheet", metavar="NAME", help="sheet of a workbook (default: the first that fits)")
    add("--records", metavar="PATH", help="where JSON or YAML has its records, e.g. items.videos")
    add(
        "--columns", dest="names", metavar="NAMES",
        help="names of the columns of a file without a header, e.g. id,sourceUrl,filename",
    )  # fmt: skip


def _json_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def _verbose_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-v", "--verbose", action="store_true", help="show every API call")


def _api_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--api-base", metavar="URL", help=f"VIOSTREAM_API_BASE; default {setting.API_BASE}"
    )


def _rules_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--strict", action="store_true",
        help="allow no problem at all: send nothing while there is one, be it a warning",
    )  # fmt: skip
    add(
        "--preflight", action="store_true",
        help="ask the source hosts for the first bytes of each video before anything is sent",
    )  # fmt: skip
    add(
        "--rate", type=_positive, default=Settings().rate, metavar="N",
        help="API calls a second for the whole run (default %(default)g)",
    )  # fmt: skip


def _run_flags(parser: argparse.ArgumentParser) -> None:
    default = Settings()
    add = parser.add_argument
    add("--embed-base", metavar="URL", help=f"VIOSTREAM_EMBED_BASE; default {default.embed_base}")
    add(
        "--workers", type=_count, default=default.workers, metavar="N",
        help="calls under way at once (default %(default)d)",
    )  # fmt: skip
    add(
        "--poll-interval", type=_positive, default=default.poll_interval, metavar="S",
        help="about how long to wait between two looks for the same rows, in seconds"
        " (default %(default)g)",
    )  # fmt: skip
    add(
        "--max-wait", type=_seconds, default=default.max_wait, metavar="S",
        help="seconds this run waits for a row that stays processing (default %(default)g);"
        " it stays processing, and the next run looks again",
    )  # fmt: skip
    add(
        "--max-in-flight", type=_count, default=default.max_in_flight, metavar="N",
        help="rows under way at once (default %(default)d)",
    )  # fmt: skip
    add(
        "--settle", type=_seconds, default=default.settle, metavar="S",
        help="seconds to look for a video whose POST got no answer (default %(default)g)",
    )  # fmt: skip
    add(
        "--when-unsure", choices=("hold", "retry"), default=default.when_unsure,
        help="what then becomes of its row: hold leaves it unknown, retry sends it again"
        " and may make a second video (default %(default)s)",
    )  # fmt: skip
    add(
        "--give-up-after", type=_positive, default=default.give_up_after, metavar="S",
        help="seconds to wait for a platform that is down (default %(default)g)",
    )  # fmt: skip
    add(
        "--refresh", type=_positive, default=default.refresh, metavar="S",
        help="seconds between two times that the results are written meanwhile"
        " (default %(default)g; more where that takes long)",
    )  # fmt: skip


def _format_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format", type=_formats, default=_formats("csv,xlsx,html"), metavar="NAME,…",
        help="which results to write (default csv,xlsx,html)",
    )  # fmt: skip


def _results_flags(parser: argparse.ArgumentParser) -> None:
    # Without a default: what is not told stays as it was told the job before.
    group = parser.add_argument_group("how the results look; kept with the job")
    add = group.add_argument
    add("--player-key", metavar="KEY", help="which of the account's players embeds show")
    add(
        "--embed", choices=("responsive", "fixed"),
        help="the guide's markup, or its iframe alone, 640 wide; neither holds a script",
    )  # fmt: skip
    add(
        "--embed-titles", action=argparse.BooleanOptionalAction,
        help="name each video in the markup, for screen readers",
    )  # fmt: skip
    add(
        "--results-columns", dest="columns", metavar="NAME[=HEADING],…",
        help="which columns, in which order, under which headings; empty for all",
    )  # fmt: skip


def _aspect_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--aspect-from-detail", action=argparse.BooleanOptionalAction,
        help="when the import is done, ask for each picture's ratio, a call a row; without it"
        " every embed is 16:9",
    )  # fmt: skip


def _sandbox_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--port", type=int, default=_SANDBOX_PORT, help="default %(default)d; 0 takes a free one")
    add("--seed", type=int, default=1, help="replays the same faults (default %(default)d)")
    add(
        "--knob", action="append", default=[], metavar="NAME=VALUE",
        help="make it awkward, e.g. lost_reply=0.1; see the README",
    )  # fmt: skip
    add("--knobs", type=Path, metavar="FILE", help="YAML file of knobs")
    add("--data", type=Path, metavar="FILE", help="keep its videos in this file between runs")
    _verbose_flag(parser)


_PARTS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "manifest": _manifest_flag,
    "folder": _folder_flag,
    "job": _job_flag,
    "reading": _reading_flags,
    "json": _json_flag,
    "verbose": _verbose_flag,
    "api": _api_flags,
    "rules": _rules_flags,
    "run": _run_flags,
    "format": _format_flag,
    "results": _results_flags,
    "aspect": _aspect_flag,
    "sandbox": _sandbox_flags,
}
_CHECKING = ("manifest", "job", "reading", "api", "rules")
_IMPORTING = (*_CHECKING, "run", "aspect", "results", "verbose")
_REPORTING = ("manifest", "job", "format", "results")


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


def _count(text: str) -> int:
    return int(_number(text, 1, "a whole number above 0"))


def _formats(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in ("csv", "xlsx", "html"):
            raise argparse.ArgumentTypeError(f"{name!r} is not one of csv, xlsx, html")
    return names


def _pairs(texts: Sequence[str], flag: str) -> dict[str, str]:
    pairs = dict(text.partition("=")[::2] for text in texts)
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise UsageError(f"{flag} {text!r} is not of the form NAME=VALUE.")
    return pairs


def _settings(arguments: argparse.Namespace) -> Settings:
    base = setting.api_base(arguments.api_base)
    names = {field.name for field in fields(Settings)}
    given = {name: value for name, value in vars(arguments).items() if name in names}
    given["api_base"] = base
    if "embed_base" in given:
        given["embed_base"] = setting.embed_base(given["embed_base"], base)
    return Settings(**given)


def _result_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """The fields of `ResultOptions` that were told."""
    names = {field.name for field in fields(ResultOptions)}
    given = vars(arguments).items()
    return {name: value for name, value in given if name in names and value is not None}


def _options(arguments: argparse.Namespace) -> Options:
    names = arguments.names
    return Options(
        overrides=_pairs(arguments.map, "--map"),
        defaults=_pairs(arguments.default, "--default"),
        sheet=arguments.sheet,
        records=arguments.records,
        columns=tuple(name.strip() for name in names.split(",")) if names else (),
    )


def _job(arguments: argparse.Namespace) -> "Job":
    from batch_import.pipeline import Job

    return Job(arguments.job or Path("output") / _stem(arguments.manifest))


def _stem(manifest: Path) -> str:
    """What a manifest is called, without the ends that tell its format."""
    if manifest == Path("-"):
        return "standard-input"
    return Path(manifest.stem).stem if manifest.suffix.lower() == ".gz" else manifest.stem


# Commands -------------------------------------------------------------------------------------


def _account(arguments: argparse.Namespace) -> int:
    from batch_import import pipeline

    settings = _settings(arguments)
    with _stoppable() as stop:
        account = pipeline.account(settings, setting.credentials(), stop)
    print(f"The credentials work. Account: {_shown(account.title) or '(no title)'}"
          f" ({_shown(account.id)}) at {settings.api_base}")  # fmt: skip
    return OK


def _init(arguments: argparse.Namespace) -> int:
    from batch_import.manifest.template import write_templates

    for path in write_templates(arguments.folder):
        print(f"Written: {_shown(str(path))}")
    print("Fill one of them in, then: batch-import check MANIFEST")
    return OK


def _check(arguments: argparse.Namespace) -> int:
    from batch_import import pipeline

    job, settings = _job(arguments), _settings(arguments)
    watcher = pipeline.Watcher(asked=_Asking().show)
    with _stoppable() as stop:
        checked = pipeline.check(
            job, arguments.manifest, settings, _options(arguments), watcher, stop
        )
    if arguments.json:
        _print_json(job, checked)
    else:
        _print_checked(job, checked)
    good = not checked.kinds if settings.strict else checked.valid == checked.rows
    return OK if good else INCOMPLETE


def _run(arguments: argparse.Namespace, *, retry_failed: bool = False) -> int:
    return _import(
        _job(arguments),
        arguments.manifest,
        _settings(arguments),
        setting.credentials(),
        options=_options(arguments),
        retry_failed=retry_failed,
        results=_result_options(arguments),
    )


def _retry(arguments: argparse.Namespace) -> int:
    return _run(arguments, retry_failed=True)


def _status(arguments: argparse.Namespace) -> int:
    from batch_import import pipeline

    counts = pipeline.status(_job(arguments))
    print(json.dumps(asdict(counts)) if arguments.json else _counted(counts))
    return OK


def _report(arguments: argparse.Namespace) -> int:
    from batch_import import pipeline

    job = _job(arguments)
    _print_outcome(job, pipeline.report(job, arguments.format, _result_options(arguments)))
    return OK


def _demo(arguments: argparse.Namespace) -> int:
    del arguments
    from importlib import resources

    from batch_import.pipeline import Job
    from batch_import.sandbox.knobs import Knobs

    job = Job(_DEMO_FOLDER)
    platform_file = job.folder / "platform.json"
    _remove_demo(job, platform_file)
    sample = resources.files("batch_import.samples") / "videos.csv"
    with (
        resources.as_file(sample) as manifest,
        _demo_server(Knobs(processing=(2.0, 5.0), latency=(0.02, 0.08))) as server,
    ):
        print(f"The embedded platform stands in for Viostream at {server.api_base}")
        settings = Settings(
            api_base=server.api_base, embed_base=server.address, rate=20.0, poll_interval=1.0
        )
        code = _import(job, manifest, settings, _SANDBOX_CREDENTIALS, options=Options())
        _save_platform(server, platform_file)
    port = server.address.rpartition(":")[2]
    print(f"To open the embed pages: batch-import sandbox --port {port} --data {platform_file}")
    return code


def _remove_demo(job: "Job", platform_file: Path) -> None:
    """A demo that finds its work done would show nothing, so each one starts anew."""
    names = [job.state, job.results, job.failed, job.problems, platform_file]
    names += [job.results.with_suffix(suffix) for suffix in (".html", ".xlsx")]
    names += [job.state.with_name(job.state.name + suffix) for suffix in ("-wal", "-shm")]
    try:
        for name in names:
            name.unlink(missing_ok=True)
    except OSError as error:
        raise StateError(
            f"The last demo's {error.filename} cannot be removed: {error.strerror}.", "Remove it."
        ) from None


def _sandbox(arguments: argparse.Namespace) -> int:
    from batch_import.sandbox.knobs import Knobs

    knobs = Knobs.from_mapping(_knobs(arguments))
    server = _server(knobs, arguments.seed, arguments.port, arguments.data)
    with _stoppable() as stop, server:
        print(
            f"The embedded platform listens at {server.address} (Ctrl-C ends it). To use it:\n"
            f"  export VIOSTREAM_API_BASE={server.api_base}\n"
            f"  export VIOSTREAM_ACCESS_KEY={_SANDBOX_CREDENTIALS.access_key}\n"
            f"  export VIOSTREAM_API_KEY={_SANDBOX_CREDENTIALS.api_key}",
            flush=True,
        )
        stop.wait()
        if arguments.data:
            _save_platform(server, arguments.data)
    return OK


def _knobs(arguments: argparse.Namespace) -> dict[str, object]:
    import yaml

    try:
        text = arguments.knobs.read_text(encoding="utf-8") if arguments.knobs else "{}"
        knobs = yaml.safe_load(text) or {}
        pairs = _pairs(arguments.knob, "--knob")
        turned = {name: yaml.safe_load(value) for name, value in pairs.items()}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        line = " ".join(str(error).split())
        raise UsageError(f"The knobs cannot be read: {line}.") from None
    if not isinstance(knobs, dict):
        raise UsageError(f"{arguments.knobs} holds no knobs.", "It looks like: lost_reply: 0.1")
    return {**knobs, **turned}


def _demo_server(knobs: "Knobs") -> "SandboxServer":
    """On the usual port where that is free, so that the embed codes stay good."""
    try:
        return _server(knobs, 1, _SANDBOX_PORT, None)
    except UsageError:
        return _server(knobs, 1, 0, None)


def _server(knobs: "Knobs", seed: int, port: int, data: Path | None) -> "SandboxServer":
    from batch_import.sandbox.model import Platform
    from batch_import.sandbox.server import SandboxServer

    now, keys = time.time(), _SANDBOX_CREDENTIALS
    if data and data.exists():
        platform = Platform.load(
            _read_platform(data), keys.access_key, keys.api_key, knobs=knobs, start=now
        )
    else:
        platform = Platform(knobs, seed, now, keys.access_key, keys.api_key)
    try:
        return SandboxServer(platform, port)
    except (OSError, OverflowError) as error:
        said = getattr(error, "strerror", None) or error
        raise UsageError(
            f"Port {port} cannot be used: {said}.", "Choose one with --port."
        ) from None


def _read_platform(path: Path) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StateError(
            f"{path} cannot be read as a sandbox's videos: {error}.", "Choose another --data."
        ) from None
    return kept


def _save_platform(server: "SandboxServer", path: Path) -> None:
    with server.lock:
        kept = json.dumps(server.platform.dump())
    with replacing(path, "Choose another --data.") as file:
        file.write(kept)


# The import, watched --------------------------------------------------------------------------


def _import(
    job: "Job",
    manifest: Path,
    settings: Settings,
    credentials: Credentials,
    *,
    options: Options,
    retry_failed: bool = False,
    results: Mapping[str, Any] = MappingProxyType({}),
) -> int:
    from batch_import import pipeline

    display = _Bar() if sys.stderr.isatty() else _Lines()
    try:
        with _stoppable() as stop:
            counts = pipeline.run(
                job,
                manifest,
                settings,
                credentials,
                options=options,
                retry_failed=retry_failed,
                results=results,
                watcher=pipeline.Watcher(
                    _Asking().show,
                    lambda loaded: _print_loaded(job, loaded),
                    display.show,
                    lambda left: _print_pictures(left, settings.rate),
                ),
                stop=stop,
            )
    except RunFault:
        display.close()
        if job.state.is_file():
            _print_outcome(job, pipeline.status(job), to=sys.stderr)
        raise
    display.close()
    _print_outcome(job, counts)
    return OK if counts.imported + counts.skipped == counts.total else INCOMPLETE


@contextmanager
def _stoppable() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; the second one leaves at once, all being saved."""
    stop = threading.Event()

    def ask(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        if stop.is_set():
            os._exit(Interrupted.exit_code)
        stop.set()
        # Not print: a signal may come while it holds its lock.
        os.write(2, b"\nStopping: calls under way are brought home (again to leave at once).\n")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Bar:
    """A progress bar on a terminal."""

    def __init__(self) -> None:
        from tqdm import tqdm

        self._bar = tqdm(unit="row", disable=True)
        self._new = tqdm

    def show(self, progress: "Progress") -> None:
        counts = progress.counts
        done = sum(getattr(counts, name) for name in _FINISHED)
        if self._bar.disable:
            self._bar = self._new(
                total=counts.total, initial=done, unit="row", dynamic_ncols=True, leave=False,
                bar_format="{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}{postfix}"
                " [{elapsed}, {remaining} left]",
            )  # fmt: skip
        self._bar.set_postfix_str(_progress_text(progress), refresh=False)
        self._bar.update(done - self._bar.n)
        self._bar.refresh()

    def close(self) -> None:
        self._bar.close()


class _Lines:
    """A plain line every so often, for logs and cron."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def show(self, progress: "Progress") -> None:
        if time.monotonic() - self._last >= _LINE_EVERY:
            self._last = time.monotonic()
            print(f"{_rows(progress.counts.total)}: {_progress_text(progress)}", flush=True)

    def close(self) -> None:
        """Nothing is open."""


class _Asking:
    """A plain line every so often while preflight is under way."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def show(self, asked: "Asked") -> None:
        if time.monotonic() - self._last >= _LINE_EVERY:
            self._last = time.monotonic()
            print(_asked(asked), file=sys.stderr, flush=True)


def _progress_text(progress: "Progress") -> str:
    counts = progress.counts
    text = f"{counts.imported} imported, {counts.failed} failed, {counts.processing} in flight"
    return text + (f", {counts.unknown} unknown" if counts.unknown else "")


# Words ----------------------------------------------------------------------------------------


def _print_loaded(job: "Job", loaded: "Loaded") -> None:
    _print_reading(loaded.taken.reading)
    if loaded.taken.edition:
        _print_edition(loaded.taken.edition)
    _print_kinds(job, loaded.taken.kinds)
    if loaded.taken.asked:
        print(_asked(loaded.taken.asked))
    print(f"To do: {loaded.plan}." if loaded.plan.has_work else "Nothing to send.", flush=True)


def _print_checked(job: "Job", checked: "Checked") -> None:
    _print_reading(checked.reading)
    _print_kinds(job, checked.kinds)
    if checked.asked:
        print(_asked(checked.asked))
    invalid = checked.rows - checked.valid
    print(f"{_rows(checked.rows)}: {checked.valid} can be imported, {invalid} invalid.")


def _print_json(job: "Job", checked: "Checked") -> None:
    """The shape stands in the README. The problems are read back, so that none is kept."""
    from batch_import.report.to_csv import read_csv

    told = {
        "form": checked.reading.form,
        "rows": checked.rows,
        "valid": checked.valid,
        "columns": dict(checked.reading.columns),
        "kinds": [
            {"code": kind.code, "severity": kind.severity, "count": kind.count, "lines": kind.lines}
            for kind in checked.kinds
        ],
        "comments": checked.reading.comments,
        "preflight": checked.asked and asdict(checked.asked),
    }
    print(json.dumps(told)[:-1], end=', "problems": [')
    comma = ""
    for problem in read_csv(job.problems):
        print(comma, json.dumps({**problem, "line": int(problem["line"])}), sep="\n", end="")
        comma = ","
    print("\n]}")


def _print_pictures(left: int, rate: float) -> None:
    minutes = max(1, round(left / rate / 60))
    print(f"Asking for the ratio of {left} videos: about {minutes} min.", flush=True)


def _print_reading(read: "Reading") -> None:
    print(f"Read as {_shown(read.form)}:")
    for field, source in read.columns:
        print(f"  {field:<12} ← {_shown(source)}")
    if read.comments:
        lines = ", ".join(map(str, read.comments[:_SHOWN_LINES]))
        more = ", …" if len(read.comments) > _SHOWN_LINES else ""
        print(f"Left out as comments (#): line {lines}{more}")


def _print_edition(edition: "Edition") -> None:
    """What the manifest says that it did not say to the run before."""
    parts = {
        "added": edition.added,
        "changed": edition.changed,
        "removed": edition.removed,
        "changed too late: they were sent as they were before": edition.too_late,
    }
    if any(part.count for part in parts.values()):
        print(f"The manifest has changed; {_rows(edition.kept)} as before.")
    for what, part in parts.items():
        if part.count:
            more = ", …" if part.count > len(part.first) else ""
            rows = ", ".join(f"line {line} ({_shortened(name, 30)})" for line, name in part.first)
            print(f"  {part.count} {what}: {rows}{more}")


def _print_kinds(job: "Job", kinds: Sequence["Kind"]) -> None:
    """A table of what is wrong: a kind a row, an example and the way out below it."""
    if not kinds:
        return
    width = max(len(kind.code) for kind in kinds)
    print(f"{'problem':<{width + 9}}   count  first lines")
    for kind in kinds:
        more = ", …" if kind.count > len(kind.lines) else ""
        lines = ", ".join(map(str, kind.lines))
        print(f"{kind.severity:<7}  {kind.code:<{width}}{kind.count:>8}  {lines}{more}")
        column = f"{_shown(kind.first.column)}: " if kind.first.column else ""
        value = f" ({_shortened(kind.first.value)})" if kind.first.value else ""
        print(f"         {column}{_shown(kind.first.reason)}{value}")
        if kind.first.hint:
            print(f"         {_shown(kind.first.hint)}")
    print(f"Every problem: {job.problems}")


def _asked(asked: "Asked") -> str:
    return f"Preflight: {asked.sources} sources asked, {asked.size / 1e9:.1f} GB in all."


def _print_outcome(job: "Job", counts: Counts, to: TextIO | None = None) -> None:
    out = to or sys.stdout
    print(_counted(counts), file=out)
    print(f"Results: {job.results} (and .xlsx, .html)", file=out)
    if counts.failed or counts.invalid:
        print(f"To mend: {job.failed}", file=out)


def _counted(counts: Counts) -> str:
    """`12 rows: 11 imported, 1 failed`: what there is, and it adds up."""
    parts = [f"{n} {name}" for name, n in asdict(counts).items() if n and name != "total"]
    return f"{_rows(counts.total)}: {', '.join(parts) or 'none'}."


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


def _shown(text: str) -> str:
    """Text from outside, fit for a terminal: no escape sequences, no secrets, one line."""
    from batch_import.masking import mask

    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in mask(text))


def _shortened(text: str, longest: int = 80) -> str:
    shown = _shown(text)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def _log_calls(*, verbose: bool) -> None:
    if verbose:
        logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
        logging.getLogger("batch_import").setLevel(logging.DEBUG)
