"""The checks of `doctor` on this machine: packages, folder, disk space, files open elsewhere."""

import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

from batch_import import __version__
from batch_import.errors import setting_ref
from batch_import.job import Job
from batch_import.workflows.finding import DoctorFinding, ok, problem, skipped

_PACKAGE: Final = "viostream-batch-import"
#: A requirement such as `requests>=2.32` in the package's metadata. Optional ones have a `;` after
#: it.
_REQUIREMENT: Final = re.compile(r"([\w.-]+)>=([\d.]+)\Z")
#: Bytes per row: 2 kB in the job database, and half of that again while results are written.
_BYTES_PER_ROW: Final = 3_000
#: Files that people open, and that the program replaces later.
_RESULT_FILES: Final = ("results.xlsx", "results.csv", "failed.csv")
#: File systems on which SQLite's WAL mode does not work (https://sqlite.org/wal.html).
_NETWORK_FILE_SYSTEMS: Final = frozenset("nfs nfs4 cifs smb3 smbfs 9p fuse.sshfs afs".split())


def program() -> DoctorFinding:
    """Report the versions of the program, of Python and of the operating system."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return ok(f"batch-import {__version__}, {python}, {platform.platform(terse=True)}")


def packages() -> DoctorFinding:
    """Check that the required packages are installed in sufficient versions."""
    try:
        wanted = metadata.requires(_PACKAGE) or []
    except metadata.PackageNotFoundError:
        return skipped("The program runs from a checkout that is not installed.")
    needed = [match for each in wanted if (match := _REQUIREMENT.match(each))]
    installed = {name: _version(name) for name, _ in map(re.Match.groups, needed)}
    wrong = [
        f"{name} {installed[name] or 'is missing'} (needs {least})"
        for name, least in map(re.Match.groups, needed)
        if _numbers(installed[name]) < _numbers(least)
    ]
    if wrong:
        return problem(f"{', '.join(wrong)}.", "Install the program again.")
    return ok(", ".join(f"{name} {version}" for name, version in installed.items()))


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


def folder(path: Path) -> DoctorFinding:
    """Check that jobs can be stored in a folder, or in one that does not exist yet."""
    there = _existing(path)
    try:
        with tempfile.NamedTemporaryFile(dir=there, prefix=".batch-import-"):
            pass
    except OSError as error:
        return problem(
            f"{there} is not writable: {error.strerror or error}.",
            f"Make it writable, or choose another folder with {setting_ref('job')}.",
        )
    if kind := _network_drive(there):
        return problem(
            f"{path} is on a network drive ({kind}), where the state may be damaged.",
            f"Choose a folder on a local disk with {setting_ref('job')}.",
        )
    return ok(f"{path} is writable.")


def disk(path: Path, rows: int, log: float, jobs: int = 1) -> DoctorFinding:
    """Check that there is enough disk space for a job, or for several jobs together.

    Args:
        rows: number of rows of all these jobs.
        log: megabytes that the request log of a job may take.
        jobs: number of jobs.
    """
    of = f"{rows:,} rows" if jobs <= 1 else f"the {rows:,} rows of {jobs:,} jobs together"
    free, needed = shutil.disk_usage(_existing(path)).free / 1e6, rows * _BYTES_PER_ROW / 1e6 + log
    if free < needed:
        return problem(
            f"{free:,.0f} MB are free; {of} need about {needed:,.0f} MB.",
            f"Free some space, or choose a folder on another disk with {setting_ref('job')}.",
        )
    return ok(f"{free:,.0f} MB are free; {of} need about {needed:,.0f} MB.")


def open_files(jobs: Sequence[Job]) -> DoctorFinding:
    """Check that results can be replaced, because spreadsheet programs may lock them."""
    running = [job.folder for job in jobs if job.is_locked]
    if running:
        return skipped(f"A run is in progress on {running[0]}.")
    opened = [path for job in jobs for path in _opened(job.folder)]
    if opened:
        return problem(
            f"{', '.join(map(str, opened))} may be open in another program.",
            "Close it there. If nothing has it open, delete the lock file beside it.",
        )
    return ok(f"No results are open elsewhere (jobs: {len(jobs)}).")


def _opened(where: Path) -> Iterator[Path]:
    for path in (where / name for name in _RESULT_FILES):
        # LibreOffice and Excel create a file beside a document that they have open.
        marks = path.with_name(f".~lock.{path.name}#"), path.with_name(f"~${path.name}")
        if any(mark.exists() for mark in marks) or _is_locked(path):
            yield path


def _is_locked(path: Path) -> bool:
    """Whether another program prevents writing to a file, as is possible on Windows."""
    try:
        with path.open("r+b"):
            return False
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _existing(path: Path) -> Path:
    """Returns the folder, or the closest parent folder that exists."""
    whole = path.absolute()
    return next(each for each in (whole, *whole.parents) if each.exists())


def _network_drive(path: Path) -> str:
    """Returns the file system of a folder if it is a network file system; only known on Linux."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    whole, best, kind = os.path.realpath(path), "", ""
    for line in mounts.splitlines():
        _, place, system, *_ = line.split(" ")
        place = place.replace("\\040", " ")
        if len(place) >= len(best) and Path(whole).is_relative_to(place):
            best, kind = place, system
    return kind if kind in _NETWORK_FILE_SYSTEMS else ""
