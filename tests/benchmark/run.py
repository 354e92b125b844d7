"""Measure the engine against the figures it has to reach, and against the guide's loop.

Every contender is a process of its own, and so is the platform, new for each of them. Calls,
refusals and moments are the platform's own record, the same for all: *makespan* is from the
arrival of the first POST to the last answer's leaving, which brings the last row home. That all
rows did come home, each as one video, is checked each time. CPU and memory are the operating
system's count for the process.

Without arguments it takes about 20 minutes; see `--only` and `--quick`.
"""
# ruff: noqa: T201 - a command of its own, which shows its table

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
#: No limit that a run could notice.
_NO_LIMIT = 100_000
#: Like the README's example of a platform that answers well.
_ANSWERS_IN = [0.02, 0.05]


# The processes ---------------------------------------------------------------------------------


class Sandbox:
    """The platform, in a process of its own."""

    def __init__(self, seed: int = 1, /, **knobs: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(_HERE / "platform_process.py"), json.dumps(knobs), str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        known = self._line()
        self.environ = {
            **os.environ,
            "NO_PROXY": "127.0.0.1",
            "VIOSTREAM_API_BASE": known["api_base"],
            "VIOSTREAM_ACCESS_KEY": known["access_key"],
            "VIOSTREAM_API_KEY": known["api_key"],
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._pipe(self._process.stdin).close()
        self._process.wait(timeout=30)

    def counts(self, *, anew: bool = False) -> dict[str, Any]:
        """The platform's record; `anew`: moments are noted from the next call on."""
        asked = self._pipe(self._process.stdin)
        asked.write("anew\n" if anew else "\n")
        asked.flush()
        return self._line()

    def _line(self) -> dict[str, Any]:
        line = self._pipe(self._process.stdout).readline()
        if not line:
            raise RuntimeError("The sandbox's process has ended.")
        reported: dict[str, Any] = json.loads(line)
        return reported

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


@dataclass(frozen=True)
class Taken:
    """What a contender took.

    Attributes:
        wall: seconds from its start to its end.
        cpu: seconds, user and system, start-up included.
        memory: MiB at the most.
        writing: seconds of CPU that it takes to write the results again, start-up included.
        reported: what it printed, where that is JSON.
        counts: the platform's.
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
        seconds: float = self.counts["last_answer"] - self.counts["first_create"]
        return seconds

    @property
    def calls_a_row(self) -> float:
        calls: int = self.counts["calls"]
        return calls / self.rows

    @property
    def refused(self) -> float:
        share: float = self.counts["refused"] / self.counts["calls"]
        return share

    @property
    def kinds(self) -> dict[str, int]:
        """Calls by kind, with the listings told apart: `find` and `page`."""
        kinds: dict[str, int] = {**self.counts["kinds"], **self.counts["lists"]}
        kinds.pop("list", None)
        return kinds


def _finished(
    arguments: Sequence[str], environ: dict[str, str], codes: Sequence[int] = (0,)
) -> tuple[float, Any, str]:
    """Run a process to its end; returns seconds, resource usage and output."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
        started = time.monotonic()
        process = subprocess.Popen(
            arguments, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
        # Not Popen.wait: only wait4 tells what this very child took.
        _, state, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(state)
        out.seek(0)
        text = out.read()
    if process.returncode not in codes:
        raise RuntimeError(
            f"{' '.join(arguments)} ended with {process.returncode}:\n{text[-2000:]}"
        )
    return wall, usage, text


def _taken(sandbox: Sandbox, rows: int, arguments: Sequence[str], *, reported: bool) -> Taken:
    wall, usage, text = _finished([sys.executable, *arguments], sandbox.environ)
    # macOS counts bytes, Linux KiB.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Taken(
        rows,
        wall,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / unit,
        json.loads(text.splitlines()[-1]) if reported else {},
        sandbox.counts(),
    )


def _check(taken: Taken, imported: int) -> Taken:
    """A contender that loses rows, or imports them twice, has no figures."""
    videos, twice = taken.counts["videos"], taken.counts["twice"]
    if (imported, videos, twice) != (taken.rows, taken.rows, 0):
        raise RuntimeError(
            f"{taken.rows} rows became {videos} videos, {twice} twice; {imported} imported."
        )
    return taken


def engine(sandbox: Sandbox, rows: int, *, rate: float, workers: int, poll: float) -> Taken:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        manifest, job = Path(folder) / "library.csv", Path(folder) / "job"
        write_manifest(manifest, rows)
        command = ["-m", "batch_import", "run", str(manifest), "--job", str(job)]
        flags = ["--rate", rate, "--workers", workers, "--poll-interval", poll]
        taken = _taken(sandbox, rows, [*command, *map(str, flags)], reported=False)
        status = ["-m", "batch_import", "status", str(manifest), "--job", str(job), "--json"]
        reported = _finished([sys.executable, *status], sandbox.environ)[2]
        report = ["-m", "batch_import", "report", str(manifest), "--job", str(job)]
        usage = _finished([sys.executable, *report], sandbox.environ)[1]
    taken = replace(taken, writing=usage.ru_utime + usage.ru_stime)
    return _check(taken, json.loads(reported)["imported"])


def guide(sandbox: Sandbox, rows: int, *, threads: int, poll: float) -> Taken:
    script = str(_HERE / "guide_loop.py")
    flags = ["--rows", rows, "--threads", threads, "--poll", poll]
    taken = _taken(sandbox, rows, [script, *map(str, flags)], reported=True)
    both = [(who["calls"], who["refused"]) for who in (taken.reported, taken.counts)]
    if both[0] != both[1]:
        raise RuntimeError(f"The loop and the platform count otherwise: {both}.")
    return _check(taken, taken.reported["imported"])


def plain(sandbox: Sandbox, mix: dict[str, int], *, threads: int) -> Taken:
    script = str(_HERE / "plain_calls.py")
    flags = ["--mix", json.dumps(mix), "--threads", str(threads)]
    return _taken(sandbox, mix["create"], [script, *flags], reported=True)


# The cases -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One line of the table; no target is for information."""

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
        target = "–" if self.target is None else f"{sign} {self._worded(self.target)}"
        met = {None: "–", True: "yes", False: "**no**"}[self.met]
        return [self.case, self.figure, target, self._worded(self.reached), met, self.note]

    def _worded(self, number: float) -> str:
        if self.unit == "%":
            return f"{number:.1%}".replace("%", " %")
        digits = 0 if abs(number) >= 1000 else 1 if abs(number) >= 100 else 2
        return f"{number:.{digits}f} {self.unit}".rstrip()


@dataclass
class Bench:
    """The sizes in force, and the lines so far."""

    rows: int | None
    quick: bool
    workers: int
    runs: int
    lines: list[Line] = field(default_factory=list)

    def size(self, usual: int, quick: int) -> int:
        return self.rows or (quick if self.quick else usual)

    def add(self, *lines: Line) -> None:
        for line in lines:
            self.lines.append(line)
            print("  " + " | ".join(line.cells()), flush=True)


_A_TWENTY: dict[str, object] = {
    "processing": [2, 2],
    "latency": _ANSWERS_IN,
    "rate_limit": 20,
    "burst": 20,
}


def case_a(bench: Bench) -> None:
    """Makespan and calls against a platform that takes 20 calls a second."""
    rows = bench.size(1000, 200)
    limit = rows / 20 + 2
    about = f"{rows} rows, 20/s, 2 s of processing"
    with Sandbox(**_A_TWENTY) as sandbox:
        taken = engine(sandbox, rows, rate=20, workers=bench.workers, poll=1.0)
    bench.add(
        Line("a", f"engine: makespan ÷ limit ({about})", taken.makespan / limit, 1.10,
             note=f"{taken.makespan:.1f} s of {limit:.1f} s"),
        Line("a", "engine: calls a row", taken.calls_a_row, 1.06, note=_kinds(taken)),
    )  # fmt: skip
    for threads in (16, 200):
        with Sandbox(**_A_TWENTY) as sandbox:
            taken = guide(sandbox, rows, threads=threads, poll=1.0)
        _guide_lines(bench, taken, threads, rows, taken.makespan)
    few = min(rows, 10)
    with Sandbox(**_A_TWENTY) as sandbox:
        taken = guide(sandbox, few, threads=1, poll=1.0)
    _guide_lines(bench, taken, 1, rows, taken.makespan / few * rows, f"; from {few} rows, scaled")


def _guide_lines(
    bench: Bench, taken: Taken, threads: int, rows: int, makespan: float, note: str = ""
) -> None:
    limit = rows / 20 + 2
    who = f"guide's loop, {threads} thread{'s' if threads > 1 else ''}"
    bench.add(
        Line("a", f"{who}: makespan ÷ limit", makespan / limit,
             note=f"{makespan:.1f} s, a look every second{note}"),
        Line("a", f"{who}: calls a row", taken.calls_a_row,
             note=f"{taken.refused * 100:.1f} % refused; without these"
             f" {taken.calls_a_row * (1 - taken.refused):.2f}"),
    )  # fmt: skip


def case_b(bench: Bench) -> None:
    """Calls a row, by what listings show."""
    rows = bench.size(1000, 200)
    for listed_from, target in (("created", 1.06), ("online", 1.15)):
        with Sandbox(**_A_TWENTY, listed_from=listed_from) as sandbox:
            taken = engine(sandbox, rows, rate=20, workers=bench.workers, poll=1.0)
        note = f"{_kinds(taken)}; makespan ÷ limit {taken.makespan / (rows / 20 + 2):.2f}"
        figure = f"calls a row, listed from {listed_from} ({rows} rows)"
        bench.add(Line("b", figure, taken.calls_a_row, target, note=note))


def case_c(bench: Bench) -> None:
    """Refusals where the platform takes a sixth of --rate."""
    rows = bench.size(300, 100)
    limit = rows / 10 + 2
    for header in ("seconds", "date", "none"):
        knobs = {**_A_TWENTY, "rate_limit": 10, "burst": 10, "retry_after": header}
        with Sandbox(**knobs) as sandbox:
            taken = engine(sandbox, rows, rate=60, workers=bench.workers, poll=1.0)
        refused = taken.counts["refused"]
        bench.add(
            Line("c", f"refused calls, Retry-After: {header} ({rows} rows, 60/s asked, 10/s taken)",
                 taken.refused, 0.02, unit="%", note=f"{refused} of {taken.counts['calls']} calls"),
            Line("c", f"makespan ÷ limit, Retry-After: {header}", taken.makespan / limit, 1.15,
                 note=f"{taken.makespan:.1f} s of {limit:.1f} s"),
        )  # fmt: skip


def case_d(bench: Bench) -> None:
    """The engine's own cost, where nothing else holds it back."""
    rows, threads = bench.size(5000, 2000), bench.workers
    knobs = {"processing": [0.1, 0.2]}
    # What a run costs before it does anything is not the cost of a call.
    with Sandbox(**knobs) as sandbox:
        few = engine(sandbox, 10, rate=_NO_LIMIT, workers=threads, poll=0.2)
    with Sandbox(**knobs) as sandbox:
        ours = engine(sandbox, rows, rate=_NO_LIMIT, workers=threads, poll=0.2)
    mix = {kind: n for kind, n in ours.kinds.items() if kind != "account"}
    with Sandbox(**knobs) as sandbox:
        theirs = plain(sandbox, mix, threads=threads)
    with Sandbox(**knobs) as sandbox:
        posts = plain(sandbox, {"create": rows}, threads=threads)
    our_pace, their_pace = rows / ours.makespan, rows / theirs.reported["seconds"]
    calls = ours.counts["calls"] - few.counts["calls"]
    our_cpu = (ours.cpu - ours.writing - (few.cpu - few.writing)) / calls
    their_cpu = theirs.reported["cpu"] / theirs.reported["calls"]
    cost = f"{our_cpu * 1e6:.0f} µs, plain {their_cpu * 1e6:.0f} µs; start-up and results taken off"
    bench.add(
        Line("d", f"rows a second ÷ plain requests making the same calls ({rows} rows, "
             f"{threads} threads)", our_pace / their_pace, 0.8, at_least=True,
             note=f"{our_pace:.0f}/s, plain {their_pace:.0f}/s; {_kinds(ours)}"),
        Line("d", "CPU per call: plain requests ÷ engine", their_cpu / our_cpu, 0.8,
             at_least=True, note=cost),
        Line("d", "rows a second ÷ plain POSTs alone", our_pace * posts.reported["seconds"] / rows,
             note=f"plain {rows / posts.reported['seconds']:.0f}/s, no look for any result"),
    )  # fmt: skip


def case_e(bench: Bench) -> None:
    """Memory of many rows, and how soon a big job goes on."""
    few, many = 1000, max(2000, bench.size(100_000, 10_000))
    peaks = {}
    for rows in (few, many):
        with Sandbox(processing=[0.1, 0.2]) as sandbox:
            taken = engine(sandbox, rows, rate=_NO_LIMIT, workers=bench.workers, poll=0.2)
        peaks[rows] = taken.memory
        print(f"  ({rows} rows: {taken.memory:.0f} MiB, {taken.wall:.0f} s)", flush=True)
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
        _finished([sys.executable, script, folder, str(rows)], dict(os.environ))
        tries = [_until_first_call(Path(folder)) for _ in range(3)]
    calls = [call for call, _ in tries]
    posts = [post for _, post in tries]
    post = f"{max(posts):.2f} s" if max(posts) < _LONGEST else "later"
    note = f"slowest of {len(calls)}, state in the file cache; the first POST {post}"
    bench.add(
        Line("e", f"resumed job of {rows} rows, half imported: start to first call",
             max(calls), 3.0, unit="s", note=note)
    )  # fmt: skip


#: Seconds after which nobody waits for a resumed job's first POST.
_LONGEST = 60.0


def _until_first_call(folder: Path) -> tuple[float, float]:
    """Seconds from a process's start to its first call, and to its first POST."""
    command = [sys.executable, "-m", "batch_import", "run", str(folder / "library.csv")]
    with Sandbox(processing=[2, 4]) as sandbox:
        # Each try starts where no other has been: the job knows no API and no account yet.
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
                if time.time() - started > _LONGEST:
                    break
                time.sleep(0.05)
        finally:
            # It would go on for hours, and the state is a copy: nothing is lost by it.
            process.kill()
            process.wait()
            shutil.rmtree(job)
        counts = sandbox.counts()
    call, post = counts["first_call"], counts["first_create"]
    return (
        call - started if call else _LONGEST,
        post - started if post else _LONGEST,
    )


def case_f(bench: Bench) -> None:
    """100,000 rows at 50/s, processing of 5 to 120 s, on a virtual clock."""
    rows = bench.size(100_000, 10_000)
    for listed_from, target in (("created", 1.06), ("online", 1.15)):
        script = str(_HERE / "virtual.py")
        flags = ["--rows", str(rows), "--listed-from", listed_from]
        reported = json.loads(_finished([sys.executable, script, *flags], dict(os.environ))[2])
        if not reported["imported"] == reported["videos"] == rows:
            raise RuntimeError(f"{rows} rows: {reported}")
        makespan, limit, real = (reported[key] for key in ("makespan", "limit", "real_seconds"))
        pace = f"{makespan:.0f} s of {limit:.0f} s, in {real:.0f} s"
        room = f"--max-in-flight {reported['max_in_flight']}"
        about = f"{rows} rows, 50/s, 5–120 s, listed from {listed_from}"
        kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(reported["sent"].items()))
        bench.add(
            Line("f", f"virtual clock: makespan ÷ limit ({about})",
                 makespan / limit, 1.10, note=f"{pace}; {room}"),
            Line("f", f"virtual clock: calls a row, listed from {listed_from}",
                 reported["calls"] / rows, target, note=kinds),
        )  # fmt: skip


# The engine's own table: medians of several runs, and the worst of them -----------------------

#: Faults of each call: of one in a hundred, and of many.
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
    """One run, and one that goes on with more rows: time by the limit, calls a row."""

    time: float
    calls: float
    more_time: float = 0.0
    more_calls: float = 0.0


def _engine_run(
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
            _finished(command, sandbox.environ, codes=(0, 1))
            counts = sandbox.counts(anew=True)
            added = count - (rows if figures else 0)
            taken = counts["last_answer"] - counts["first_create"]
            figures += [
                taken / (added / limit + longest),
                (counts["calls"] - before["calls"]) / added,
            ]
            before = counts
    return Measured(*figures)


def _engine_case(
    bench: Bench, name: str, rows: int, targets: Sequence[float], more: int = 0, **run: Any
) -> None:
    made = [_engine_run(seed, rows, more, **run) for seed in range(1, bench.runs + 1)]
    parts = [("time ÷ limit", "time"), ("calls a row", "calls")]
    if more:
        parts += [(f"{more} rows added: time ÷ limit", "more_time")]
        parts += [(f"{more} rows added: calls a row", "more_calls")]
    for (figure, part), target in zip(parts, targets, strict=True):
        figures = sorted(getattr(one, part) for one in made)
        note = f"median of {len(figures)}, worst {figures[-1]:.2f}"
        bench.add(Line("g", f"{name}: {figure}", statistics.median(figures), target, note=note))


def case_g(bench: Bench) -> None:
    """The engine's table: clean and faulty platforms, medians of several runs."""
    answers = {"latency": _ANSWERS_IN}
    clean = {**answers, "processing": [2, 2], "rate_limit": 20, "burst": 20}
    few = {**answers, **FEW_FAULTS, "processing": [3, 10], "rate_limit": 30, "retry_after": "none"}
    many = {**answers, **MANY_FAULTS, "processing": [0.5, 1.5], "retry_after": "none"}
    slow = {**answers, "processing": [2, 2], "rate_limit": 10}
    for listed, clean_to, few_to, many_to in (
        ("created", (1.04, 1.03), (1.25, 1.12, 1.35, 2.0), (3.0, 1.45)),
        ("online", (1.05, 1.06), (1.50, 1.12, 1.6, 2.0), (3.4, 1.6)),
    ):
        about = {"listed_from": listed}
        rows = bench.size(1000, 200)
        _engine_case(bench, f"{rows} rows, clean, listed once {listed}", rows, clean_to,
                     rate=20, poll=1.0, knobs={**clean, **about})  # fmt: skip
        _engine_case(bench, f"600 rows, few faults, listed once {listed}", 600, few_to, more=40,
                     rate=60, poll=3.0, knobs={**few, **about})  # fmt: skip
        _engine_case(bench, f"150 rows, many faults, listed once {listed}", 150, many_to,
                     rate=60, poll=0.5, knobs={**many, **about})  # fmt: skip
    for header in ("seconds", "date", "none"):
        rows = bench.size(1000, 200)
        _engine_case(bench, f"{rows} rows, 60/s wanted, 10/s taken, Retry-After: {header}", rows,
                     (1.06, 1.06), rate=60, poll=1.0, knobs={**slow, "retry_after": header},
                     )  # fmt: skip


def _kinds(taken: Taken) -> str:
    return ", ".join(f"{kind} {n}" for kind, n in sorted(taken.kinds.items()))


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

_WORDS = """\
*Limit*: rows ÷ calls a second that may be made + the longest processing time. *Makespan*: from
the first POST's arrival to the last answer, by the platform's record, as are calls and refusals
(on the virtual clock: from the first POST's leaving to the last answer's arrival). *Calls a row*
count every call of the run, the first one to `account/info` included. The guide's loop waits
after a 429 as told and tries again; that is not in the guide, but without it rows would be
dropped. Memory is that of the whole process, reading and writing of the tables included.
"""


def table(lines: Sequence[Line], about: str) -> str:
    head = ["case", "figure", "target", "reached", "met", "note"]
    rows = [head, ["---"] * len(head), *(line.cells() for line in lines)]
    return "\n".join([about, "", *(f"| {' | '.join(row)} |" for row in rows), "", _WORDS])


def _letters(text: str) -> list[str]:
    letters = [letter.strip() for letter in text.split(",")]
    unknown = set(letters) - set(_CASES)
    if unknown:
        raise argparse.ArgumentTypeError(f"no such case: {', '.join(sorted(unknown))}")
    return letters


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the engine; prints a Markdown table.")
    cases = "; ".join(f"{letter}: {case.__doc__}" for letter, case in _CASES.items())
    add = parser.add_argument
    add("--only", type=_letters, default=list(_CASES), metavar="a,b…", help=cases)
    add("--rows", type=int, help="rows of every case, instead of each case's own number")
    add("--quick", action="store_true", help="fewer rows: a few minutes, rougher figures")
    add("--workers", type=int, default=8, help="threads over HTTP (default %(default)d)")
    add("--runs", type=int, default=11, help="of the cases that tell a median (%(default)d)")
    add("--out", type=Path, help="write the table to this file as well")
    arguments = parser.parse_args()
    bench = Bench(arguments.rows, arguments.quick, arguments.workers, arguments.runs)
    broken = 0
    with ExitStack() as stack:
        stack.callback(lambda: _tell(bench, arguments.out))
        for letter in arguments.only:
            print(f"{letter}: {_CASES[letter].__doc__}", flush=True)
            try:
                _CASES[letter](bench)
            except RuntimeError as error:
                broken += 1
                print(f"  no figure: {error}", file=sys.stderr, flush=True)
    return 1 if broken else 0


def _tell(bench: Bench, out: Path | None) -> None:
    sizes = f"{bench.rows} rows in every case" if bench.rows else ""
    sizes = sizes or (
        "--quick: fewer rows than the targets are for" if bench.quick else "full size"
    )
    about = f"Benchmark ({sizes}; {os.cpu_count()} CPUs, Python {sys.version.split()[0]})"
    text = table(bench.lines, about)
    if out:
        out.write_text(text, encoding="utf-8")
    print("\n" + text)


if __name__ == "__main__":
    sys.exit(main())
