"""Measures the importer against its targets, and compares it with the loop of the API guide.

The contenders are the importer (the command `run`), the loop of the Viostream API guide
(`guide_loop.py`), and plain requests (`plain_calls.py`). Each contender runs in its own process,
with its own new sandbox, which also runs in its own process. The sandbox counts the requests and
the refusals, and notes their times. The *makespan* is the time from the arrival of the first POST
to the departure of the last answer. Each measurement checks that every row became exactly one
video. CPU time and memory of a process are those that the operating system reports.

Without arguments it takes about 20 minutes; see `--only` and `--quick`.
"""
# ruff: noqa: T201 - a command, which prints its table

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Self

from samples import write_manifest

_HERE = Path(__file__).parent
#: Requests per second: so many that the limit has no effect.
_NO_LIMIT = 100_000
#: Minimum and maximum seconds until the sandbox answers: those of a fast platform.
_LATENCY = [0.02, 0.05]


# The processes ---------------------------------------------------------------------------------


class Sandbox:
    """The simulated platform, in its own process."""

    def __init__(self, seed: int = 1, /, **knobs: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(_HERE / "platform_process.py"), json.dumps(knobs), str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        connection = self._read_line()
        self.environ = {
            **os.environ,
            "NO_PROXY": "127.0.0.1",
            "VIOSTREAM_API_BASE": connection["api_base"],
            "VIOSTREAM_ACCESS_KEY": connection["access_key"],
            "VIOSTREAM_API_KEY": connection["api_key"],
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._pipe(self._process.stdin).close()
        self._process.wait(timeout=30)

    def counts(self, *, reset_times: bool = False) -> dict[str, Any]:
        """Return the counts and times of `CountingPlatform.report`; optionally reset the times."""
        commands = self._pipe(self._process.stdin)
        commands.write("reset\n" if reset_times else "\n")
        commands.flush()
        return self._read_line()

    def _read_line(self) -> dict[str, Any]:
        line = self._pipe(self._process.stdout).readline()
        if not line:
            raise RuntimeError("The sandbox's process has ended.")
        report: dict[str, Any] = json.loads(line)
        return report

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        """Return a pipe of the process, which is never None here."""
        assert pipe is not None
        return pipe


@dataclass(frozen=True)
class Measurement:
    """The resources and the results of one contender.

    Attributes:
        wall: seconds from its start to its end.
        cpu: CPU seconds, user and system, of its whole process.
        memory: its peak memory in MiB.
        reported: the JSON that it printed; empty if it printed none.
        counts: the counts and times of the sandbox.
        writing: CPU seconds of a process that writes the results again; 0 if there are no results.
    """

    rows: int
    wall: float
    cpu: float
    memory: float
    reported: dict[str, Any]
    counts: dict[str, Any]
    writing: float = 0.0

    @property
    def makespan(self) -> float:
        """Seconds from the arrival of the first POST to the departure of the last answer."""
        seconds: float = self.counts["last_answer"] - self.counts["first_create"]
        return seconds

    @property
    def calls_per_row(self) -> float:
        """Number of requests divided by the number of rows."""
        calls: int = self.counts["calls"]
        return calls / self.rows

    @property
    def refused(self) -> float:
        """Share of the requests that the rate limit refused, from 0 to 1."""
        share: float = self.counts["refused"] / self.counts["calls"]
        return share

    @property
    def kinds(self) -> dict[str, int]:
        """Number of requests per kind; list requests are counted as `find` or `page`."""
        kinds: dict[str, int] = {**self.counts["kinds"], **self.counts["lists"]}
        kinds.pop("list", None)
        return kinds


def _run_process(
    arguments: Sequence[str], environ: dict[str, str], codes: Sequence[int] = (0,)
) -> tuple[float, Any, str]:
    """Run a process to its end; returns the seconds it took, its resource usage and its output.

    Raises:
        RuntimeError: the exit code is not one of `codes`.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
        started = time.monotonic()
        process = subprocess.Popen(
            arguments, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
        # Unlike Popen.wait, wait4 returns the resource usage of this child alone.
        _, wait_status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(wait_status)
        out.seek(0)
        text = out.read()
    if process.returncode not in codes:
        raise RuntimeError(
            f"{' '.join(arguments)} ended with {process.returncode}:\n{text[-2000:]}"
        )
    return wall, usage, text


def _measure(
    sandbox: Sandbox, rows: int, arguments: Sequence[str], *, prints_json: bool
) -> Measurement:
    wall, usage, text = _run_process([sys.executable, *arguments], sandbox.environ)
    # macOS counts bytes, Linux KiB.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Measurement(
        rows,
        wall,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / unit,
        json.loads(text.splitlines()[-1]) if prints_json else {},
        sandbox.counts(),
    )


def _check(measured: Measurement, imported: int) -> Measurement:
    """Return a measurement unchanged, if every row became exactly one video.

    Raises:
        RuntimeError: rows are lost or were imported twice.
    """
    videos, twice = measured.counts["videos"], measured.counts["twice"]
    if (imported, videos, twice) != (measured.rows, measured.rows, 0):
        raise RuntimeError(
            f"{measured.rows} rows became {videos} videos, {twice} twice; {imported} imported."
        )
    return measured


def measure_importer(
    sandbox: Sandbox, rows: int, *, rate: float, workers: int, poll: float
) -> Measurement:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        manifest, job = Path(folder) / "library.csv", Path(folder) / "job"
        write_manifest(manifest, rows)
        command = ["-m", "batch_import", "run", str(manifest), "--job", str(job)]
        flags = ["--rate", rate, "--workers", workers, "--poll-interval", poll]
        measured = _measure(sandbox, rows, [*command, *map(str, flags)], prints_json=False)
        status = ["-m", "batch_import", "status", str(manifest), "--job", str(job), "--json"]
        reported = _run_process([sys.executable, *status], sandbox.environ)[2]
        report = ["-m", "batch_import", "report", str(manifest), "--job", str(job)]
        usage = _run_process([sys.executable, *report], sandbox.environ)[1]
    measured = replace(measured, writing=usage.ru_utime + usage.ru_stime)
    return _check(measured, json.loads(reported)["imported"])


def measure_guide_loop(sandbox: Sandbox, rows: int, *, threads: int, poll: float) -> Measurement:
    script = str(_HERE / "guide_loop.py")
    flags = ["--rows", rows, "--threads", threads, "--poll", poll]
    measured = _measure(sandbox, rows, [script, *map(str, flags)], prints_json=True)
    both = [(counts["calls"], counts["refused"]) for counts in (measured.reported, measured.counts)]
    if both[0] != both[1]:
        raise RuntimeError(f"The loop and the platform have different counts: {both}.")
    return _check(measured, measured.reported["imported"])


def measure_plain_requests(sandbox: Sandbox, mix: dict[str, int], *, threads: int) -> Measurement:
    script = str(_HERE / "plain_calls.py")
    flags = ["--mix", json.dumps(mix), "--threads", str(threads)]
    return _measure(sandbox, mix["create"], [script, *flags], prints_json=True)


# The cases -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Attributes:
        case: letter of the case.
        figure: description of the figure.
        reached: its measured value.
        target: its limit; None if the figure is only for information.
        at_least: the target is a minimum; otherwise it is a maximum.
        note: further details.
    """

    case: str
    figure: str
    reached: float
    target: float | None = None
    at_least: bool = False
    unit: str = ""
    note: str = ""

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return self.reached >= self.target if self.at_least else self.reached <= self.target

    def cells(self) -> list[str]:
        sign = "≥" if self.at_least else "≤"
        target = "–" if self.target is None else f"{sign} {self._format(self.target)}"
        met = {None: "–", True: "yes", False: "**no**"}[self.met]
        return [self.case, self.figure, target, self._format(self.reached), met, self.note]

    def _format(self, number: float) -> str:
        if self.unit == "%":
            return f"{number:.1%}".replace("%", " %")
        digits = 0 if abs(number) >= 1000 else 1 if abs(number) >= 100 else 2
        return f"{number:.{digits}f} {self.unit}".rstrip()


@dataclass
class Bench:
    """The options of the benchmark, and the lines of its table so far.

    Attributes:
        rows: number of rows of every case; None for each case's own number.
        runs: number of runs of the cases that print a median.
    """

    rows: int | None
    quick: bool
    workers: int
    runs: int
    lines: list[Line] = field(default_factory=list)

    def size(self, usual: int, quick: int) -> int:
        """Return the number of rows of a case."""
        return self.rows or (quick if self.quick else usual)

    def add(self, *lines: Line) -> None:
        for line in lines:
            self.lines.append(line)
            print("  " + " | ".join(line.cells()), flush=True)


#: Knobs of a platform that accepts 20 requests per second.
_TWENTY_PER_SECOND: dict[str, object] = {
    "processing": [2, 2],
    "latency": _LATENCY,
    "rate_limit": 20,
    "burst": 20,
}


def case_a(bench: Bench) -> None:
    """Makespan and calls with a platform that accepts 20 calls a second."""
    rows = bench.size(1000, 200)
    limit = rows / 20 + 2
    about = f"{rows} rows, 20/s, 2 s of processing"
    with Sandbox(**_TWENTY_PER_SECOND) as sandbox:
        measured = measure_importer(sandbox, rows, rate=20, workers=bench.workers, poll=1.0)
    bench.add(
        Line("a", f"importer: makespan ÷ limit ({about})", measured.makespan / limit, 1.10,
             note=f"{measured.makespan:.1f} s of {limit:.1f} s"),
        Line("a", "importer: calls a row", measured.calls_per_row, 1.06, note=_kinds(measured)),
    )  # fmt: skip
    for threads in (16, 200):
        with Sandbox(**_TWENTY_PER_SECOND) as sandbox:
            measured = measure_guide_loop(sandbox, rows, threads=threads, poll=1.0)
        _guide_lines(bench, measured, threads, rows, measured.makespan)
    few = min(rows, 10)
    with Sandbox(**_TWENTY_PER_SECOND) as sandbox:
        measured = measure_guide_loop(sandbox, few, threads=1, poll=1.0)
    _guide_lines(
        bench, measured, 1, rows, measured.makespan / few * rows, f"; from {few} rows, scaled"
    )


def _guide_lines(
    bench: Bench, measured: Measurement, threads: int, rows: int, makespan: float, note: str = ""
) -> None:
    limit = rows / 20 + 2
    who = f"guide's loop, {threads} thread{'s' if threads > 1 else ''}"
    bench.add(
        Line("a", f"{who}: makespan ÷ limit", makespan / limit,
             note=f"{makespan:.1f} s, a poll every second{note}"),
        Line("a", f"{who}: calls a row", measured.calls_per_row,
             note=f"{measured.refused * 100:.1f} % refused; without these"
             f" {measured.calls_per_row * (1 - measured.refused):.2f}"),
    )  # fmt: skip


def case_b(bench: Bench) -> None:
    """Calls a row, if lists show media once they are created, or once they are online."""
    rows = bench.size(1000, 200)
    for listed_from, target in (("created", 1.06), ("online", 1.15)):
        with Sandbox(**_TWENTY_PER_SECOND, listed_from=listed_from) as sandbox:
            measured = measure_importer(sandbox, rows, rate=20, workers=bench.workers, poll=1.0)
        note = f"{_kinds(measured)}; makespan ÷ limit {measured.makespan / (rows / 20 + 2):.2f}"
        figure = f"calls a row, listed from {listed_from} ({rows} rows)"
        bench.add(Line("b", figure, measured.calls_per_row, target, note=note))


def case_c(bench: Bench) -> None:
    """Refusals if the platform accepts a sixth of --rate."""
    rows = bench.size(300, 100)
    limit = rows / 10 + 2
    for header in ("seconds", "date", "none"):
        knobs = {**_TWENTY_PER_SECOND, "rate_limit": 10, "burst": 10, "retry_after": header}
        with Sandbox(**knobs) as sandbox:
            measured = measure_importer(sandbox, rows, rate=60, workers=bench.workers, poll=1.0)
        refused = measured.counts["refused"]
        bench.add(
            Line("c", f"refused calls, Retry-After: {header} ({rows} rows, --rate 60, limit 10/s)",
                 measured.refused, 0.02, unit="%",
                 note=f"{refused} of {measured.counts['calls']} calls"),
            Line("c", f"makespan ÷ limit, Retry-After: {header}", measured.makespan / limit, 1.15,
                 note=f"{measured.makespan:.1f} s of {limit:.1f} s"),
        )  # fmt: skip


def case_d(bench: Bench) -> None:
    """The importer's own cost: rows per second and CPU time without any rate limit."""
    rows, threads = bench.size(5000, 2000), bench.workers
    knobs = {"processing": [0.1, 0.2]}
    # A run of ten rows measures the cost of the start, which is not the cost of a request.
    with Sandbox(**knobs) as sandbox:
        few = measure_importer(sandbox, 10, rate=_NO_LIMIT, workers=threads, poll=0.2)
    with Sandbox(**knobs) as sandbox:
        ours = measure_importer(sandbox, rows, rate=_NO_LIMIT, workers=threads, poll=0.2)
    mix = {kind: n for kind, n in ours.kinds.items() if kind != "account"}
    with Sandbox(**knobs) as sandbox:
        theirs = measure_plain_requests(sandbox, mix, threads=threads)
    with Sandbox(**knobs) as sandbox:
        posts = measure_plain_requests(sandbox, {"create": rows}, threads=threads)
    our_pace, their_pace = rows / ours.makespan, rows / theirs.reported["seconds"]
    calls = ours.counts["calls"] - few.counts["calls"]
    our_cpu = (ours.cpu - ours.writing - (few.cpu - few.writing)) / calls
    their_cpu = theirs.reported["cpu"] / theirs.reported["calls"]
    cost = f"{our_cpu * 1e6:.0f} µs, plain {their_cpu * 1e6:.0f} µs; without start and results"
    bench.add(
        Line("d", f"rows a second ÷ plain requests making the same calls ({rows} rows, "
             f"{threads} threads)", our_pace / their_pace, 0.8, at_least=True,
             note=f"{our_pace:.0f}/s, plain {their_pace:.0f}/s; {_kinds(ours)}"),
        Line("d", "CPU per call: plain requests ÷ importer", their_cpu / our_cpu, 0.8,
             at_least=True, note=cost),
        Line("d", "rows a second ÷ plain POSTs alone", our_pace * posts.reported["seconds"] / rows,
             note=f"plain {rows / posts.reported['seconds']:.0f}/s, without polling for results"),
    )  # fmt: skip


def case_e(bench: Bench) -> None:
    """Memory of many rows, and the time until a resumed big job sends its first request."""
    few, many = 1000, max(2000, bench.size(100_000, 10_000))
    peaks = {}
    for rows in (few, many):
        with Sandbox(processing=[0.1, 0.2]) as sandbox:
            measured = measure_importer(
                sandbox, rows, rate=_NO_LIMIT, workers=bench.workers, poll=0.2
            )
        peaks[rows] = measured.memory
        print(f"  ({rows} rows: {measured.memory:.0f} MiB, {measured.wall:.0f} s)", flush=True)
    note = f"{peaks[many]:.0f} MiB ÷ {peaks[few]:.0f} MiB"
    bench.add(
        Line("e", f"peak memory, {many} rows ÷ {few} rows", peaks[many] / peaks[few], 1.25,
             note=note)
    )  # fmt: skip
    _resume(bench)


def _resume(bench: Bench) -> None:
    rows = 10 * bench.size(100_000, 10_000)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        script = str(_HERE / "half_done_job.py")
        _run_process([sys.executable, script, folder, str(rows)], dict(os.environ))
        tries = [_until_first_call(Path(folder)) for _ in range(3)]
    calls = [call for call, _ in tries]
    posts = [post for _, post in tries]
    post = f"{max(posts):.2f} s" if max(posts) < _FIRST_POST_TIMEOUT else "later"
    note = f"slowest of {len(calls)}, state in the file cache; the first POST {post}"
    bench.add(
        Line("e", f"resumed job of {rows} rows, half imported: start to first call",
             max(calls), 3.0, unit="s", note=note)
    )  # fmt: skip


#: Seconds after which the benchmark stops waiting for the first POST of a resumed job.
_FIRST_POST_TIMEOUT = 60.0


def _until_first_call(folder: Path) -> tuple[float, float]:
    """Resume the job; returns the seconds until its first request, and until its first POST."""
    command = [sys.executable, "-m", "batch_import", "run", str(folder / "library.csv")]
    with Sandbox(processing=[2, 4]) as sandbox:
        # Each try has its own copy of the job, which has not stored an API and an account yet.
        job = folder / f"job-{time.monotonic_ns()}"
        job.mkdir()
        shutil.copyfile(folder / "job" / "state.sqlite", job / "state.sqlite")
        started = time.time()
        process = subprocess.Popen(
            [*command, "--job", str(job)],
            env=sandbox.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while sandbox.counts()["first_create"] is None and process.poll() is None:
                if time.time() - started > _FIRST_POST_TIMEOUT:
                    break
                time.sleep(0.05)
        finally:
            # The run would continue for hours; the job is a copy that can be deleted.
            process.kill()
            process.wait()
            shutil.rmtree(job)
        counts = sandbox.counts()
    call, post = counts["first_call"], counts["first_create"]
    return (
        call - started if call else _FIRST_POST_TIMEOUT,
        post - started if post else _FIRST_POST_TIMEOUT,
    )


def case_f(bench: Bench) -> None:
    """100,000 rows at 50/s, processing of 5 to 120 s, on a virtual clock."""
    rows = bench.size(100_000, 10_000)
    for listed_from, target in (("created", 1.06), ("online", 1.15)):
        script = str(_HERE / "virtual.py")
        flags = ["--rows", str(rows), "--listed-from", listed_from]
        reported = json.loads(_run_process([sys.executable, script, *flags], dict(os.environ))[2])
        if not reported["imported"] == reported["videos"] == rows:
            raise RuntimeError(f"{rows} rows: {reported}")
        makespan, limit, real = (reported[key] for key in ("makespan", "limit", "real_seconds"))
        pace = f"{makespan:.0f} s of {limit:.0f} s, in {real:.0f} s"
        option = f"--max-in-flight {reported['max_in_flight']}"
        about = f"{rows} rows, 50/s, 5–120 s, listed from {listed_from}"
        kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(reported["sent"].items()))
        bench.add(
            Line("f", f"virtual clock: makespan ÷ limit ({about})",
                 makespan / limit, 1.10, note=f"{pace}; {option}"),
            Line("f", f"virtual clock: calls a row, listed from {listed_from}",
                 reported["calls"] / rows, target, note=kinds),
        )  # fmt: skip


# The case with faulty platforms: medians of several runs, and the worst of them ---------------

#: Probabilities of the faults of one request.
FEW_FAULTS: dict[str, object] = {
    "error_before": 0.01,
    "lost_reply": 0.01,
    "truncated": 0.01,
    "unavailable": 0.005,
    "lost_request": 0.005,
}
MANY_FAULTS: dict[str, object] = {
    "error_before": 0.04,
    "unavailable": 0.02,
    "error_after": 0.05,
    "lost_request": 0.04,
    "lost_reply": 0.06,
    "truncated": 0.05,
}


@dataclass(frozen=True)
class Measured:
    """The figures of one import, and of a second import of more rows into the same job.

    Attributes:
        time: time of the first import, divided by the limit.
        calls: requests per row of the first import.
        more_time: the same of the second import; 0 if there is none.
        more_calls: the same of the second import; 0 if there is none.
    """

    time: float
    calls: float
    more_time: float = 0.0
    more_calls: float = 0.0


def _measure_imports(
    seed: int, rows: int, more: int, rate: float, poll: float, knobs: dict[str, Any]
) -> Measured:
    """Import, then import a longer manifest into the same job."""
    limit = min(rate, knobs.get("rate_limit") or rate)
    longest = knobs["processing"][1]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, Sandbox(seed, **knobs) as sandbox:
        manifest, job = Path(folder) / "library.csv", Path(folder) / "job"
        flags = ["--rate", rate, "--workers", 8, "--poll-interval", poll, "--job", job]
        command = [sys.executable, "-m", "batch_import", "run", str(manifest), *map(str, flags)]
        figures: list[float] = []
        before: dict[str, Any] = {"calls": 0}
        for count in [rows, rows + more] if more else [rows]:
            write_manifest(manifest, count)
            _run_process(command, sandbox.environ, codes=(0, 1))
            counts = sandbox.counts(reset_times=True)
            added = count - (rows if figures else 0)
            seconds = counts["last_answer"] - counts["first_create"]
            figures += [
                seconds / (added / limit + longest),
                (counts["calls"] - before["calls"]) / added,
            ]
            before = counts
    return Measured(*figures)


def _add_medians(
    bench: Bench, name: str, rows: int, targets: Sequence[float], more: int = 0, **options: Any
) -> None:
    runs = [_measure_imports(seed, rows, more, **options) for seed in range(1, bench.runs + 1)]
    parts = [("time ÷ limit", "time"), ("calls a row", "calls")]
    if more:
        parts += [(f"{more} rows added: time ÷ limit", "more_time")]
        parts += [(f"{more} rows added: calls a row", "more_calls")]
    for (figure, part), target in zip(parts, targets, strict=True):
        figures = sorted(getattr(run, part) for run in runs)
        note = f"median of {len(figures)}, worst {figures[-1]:.2f}"
        bench.add(Line("g", f"{name}: {figure}", statistics.median(figures), target, note=note))


def case_g(bench: Bench) -> None:
    """Clean and faulty platforms: medians of several runs."""
    latency = {"latency": _LATENCY}
    clean = {**latency, "processing": [2, 2], "rate_limit": 20, "burst": 20}
    few = {**latency, **FEW_FAULTS, "processing": [3, 10], "rate_limit": 30, "retry_after": "none"}
    many = {**latency, **MANY_FAULTS, "processing": [0.5, 1.5], "retry_after": "none"}
    slow = {**latency, "processing": [2, 2], "rate_limit": 10}
    for listed, clean_to, few_to, many_to in (
        ("created", (1.04, 1.03), (1.25, 1.12, 1.35, 2.0), (3.0, 1.45)),
        ("online", (1.05, 1.06), (1.50, 1.12, 1.6, 2.0), (3.4, 1.6)),
    ):
        about = {"listed_from": listed}
        rows = bench.size(1000, 200)
        _add_medians(bench, f"{rows} rows, clean, listed once {listed}", rows, clean_to,
                     rate=20, poll=1.0, knobs={**clean, **about})  # fmt: skip
        _add_medians(bench, f"600 rows, few faults, listed once {listed}", 600, few_to, more=40,
                     rate=60, poll=3.0, knobs={**few, **about})  # fmt: skip
        _add_medians(bench, f"150 rows, many faults, listed once {listed}", 150, many_to,
                     rate=60, poll=0.5, knobs={**many, **about})  # fmt: skip
    for header in ("seconds", "date", "none"):
        rows = bench.size(1000, 200)
        _add_medians(bench, f"{rows} rows, --rate 60, limit 10/s, Retry-After: {header}", rows,
                     (1.06, 1.06), rate=60, poll=1.0, knobs={**slow, "retry_after": header},
                     )  # fmt: skip


def _kinds(measured: Measurement) -> str:
    return ", ".join(f"{kind} {n}" for kind, n in sorted(measured.kinds.items()))


# The command -----------------------------------------------------------------------------------

_CASES: dict[str, Callable[[Bench], None]] = {
    "a": case_a,
    "b": case_b,
    "c": case_c,
    "d": case_d,
    "e": case_e,
    "f": case_f,
    "g": case_g,
}

_EXPLANATION = """\
*Limit*: rows ÷ calls per second that are allowed, + the longest processing time. *Makespan*: from
the arrival of the first POST to the last answer. The platform measures it, and counts calls and
refusals. (On the virtual clock: from the departure of the first POST to the arrival of the last
answer.) *Calls a row*: all calls of the run, with the first one to `account/info`. After a 429, the
guide's loop waits as `Retry-After` says, and repeats the call; this is not in the guide, but
without it rows would be lost. Memory is that of the whole process, which also reads the manifest
and writes the results.
"""


def table(lines: Sequence[Line], about: str) -> str:
    head = ["case", "figure", "target", "reached", "met", "note"]
    rows = [head, ["---"] * len(head), *(line.cells() for line in lines)]
    return "\n".join([about, "", *(f"| {' | '.join(row)} |" for row in rows), "", _EXPLANATION])


def _letters(text: str) -> list[str]:
    letters = [letter.strip() for letter in text.split(",")]
    unknown = set(letters) - set(_CASES)
    if unknown:
        raise argparse.ArgumentTypeError(f"no such case: {', '.join(sorted(unknown))}")
    return letters


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the importer; prints a Markdown table.")
    cases = "; ".join(f"{letter}: {case.__doc__}" for letter, case in _CASES.items())
    add = parser.add_argument
    add("--only", type=_letters, default=list(_CASES), metavar="a,b…", help=cases)
    add("--rows", type=int, help="number of rows of every case, instead of its own")
    add("--quick", action="store_true", help="fewer rows: a few minutes, rougher figures")
    add("--workers", type=int, default=8, help="threads over HTTP (default %(default)d)")
    add(
        "--runs", type=int, default=11, help="runs of the cases with a median (default %(default)d)"
    )
    add("--out", type=Path, help="write the table to this file as well")
    arguments = parser.parse_args()
    bench = Bench(arguments.rows, arguments.quick, arguments.workers, arguments.runs)
    failed_count = 0
    with ExitStack() as stack:
        # The table is printed also after Ctrl-C or an error.
        stack.callback(lambda: _print_table(bench, arguments.out))
        for letter in arguments.only:
            print(f"{letter}: {_CASES[letter].__doc__}", flush=True)
            try:
                _CASES[letter](bench)
            except RuntimeError as error:
                failed_count += 1
                print(f"  no figure: {error}", file=sys.stderr, flush=True)
    return 1 if failed_count else 0


def _print_table(bench: Bench, out: Path | None) -> None:
    if bench.rows:
        sizes = f"{bench.rows} rows in every case"
    elif bench.quick:
        sizes = "--quick: fewer rows than the targets are for"
    else:
        sizes = "full size"
    about = f"Benchmark ({sizes}; {os.cpu_count()} CPUs, Python {sys.version.split()[0]})"
    text = table(bench.lines, about)
    if out:
        out.write_text(text, encoding="utf-8")
    print("\n" + text)


if __name__ == "__main__":
    sys.exit(main())
