"""The checks of `doctor` on this machine: packages, folder, disk space, open files.

An open file is a file of results that another program has opened, and that cannot be replaced.
"""

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
#: A requirement such as `requests>=2.32` in the package's metadata. Requirements of extras do not
#: match, because a `;` and a condition follow.
_REQUIREMENT: Final = re.compile(r"([\w.-]+)>=([\d.]+)\Z")
#: Disk space per row, in bytes: 2 kB in the job database, and 1 kB for the results.
_BYTES_PER_ROW: Final = 3_000
#: Files of results that people open in other programs, and that each run replaces.
_RESULT_FILES: Final = ("results.xlsx", "results.csv", "failed.csv")
#: File systems on which SQLite's WAL mode does not work (https://sqlite.org/wal.html).
_NETWORK_FILE_SYSTEMS: Final = frozenset("nfs nfs4 cifs smb3 smbfs 9p fuse.sshfs afs".split())


def check_program() -> DoctorFinding:
    """Report the versions of the program, of Python and of the operating system."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return ok(f"batch-import {__version__}, {python}, {platform.platform(terse=True)}")


def check_packages() -> DoctorFinding:
    """Check that the required packages are installed in sufficient versions."""
    try:
        requirements = metadata.requires(_PACKAGE) or []
    except metadata.PackageNotFoundError:
        return skipped("The program runs from a checkout that is not installed.")
    installed: dict[str, str] = {}
    unmet = []
    for requirement in requirements:
        match = _REQUIREMENT.match(requirement)
        if not match:
            continue
        name, minimum = match.groups()
        version = installed[name] = _installed_version(name)
        if _version_numbers(version) < _version_numbers(minimum):
            unmet.append(f"{name} {version or 'is missing'} (needs {minimum})")
    if unmet:
        return problem(f"{', '.join(unmet)}.", "Install the program again.")
    return ok(", ".join(f"{name} {version}" for name, version in installed.items()))


def _installed_version(package: str) -> str:
    """Returns the installed version of a package; empty if the package is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _version_numbers(version: str) -> tuple[int, ...]:
    """Returns the first three numbers of a version, for comparison; empty for an empty text."""
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


def check_folder(path: Path) -> DoctorFinding:
    """Check that job folders can be created and written in a folder.

    If the folder does not exist yet, its closest existing parent folder is checked.
    """
    existing = _existing_folder(path)
    try:
        with tempfile.NamedTemporaryFile(dir=existing, prefix=".batch-import-"):
            pass
    except OSError as error:
        return problem(
            f"{existing} is not writable: {error.strerror or error}.",
            f"Make it writable, or choose another folder with {setting_ref('job')}.",
        )
    file_system = _network_file_system(existing)
    if file_system:
        return problem(
            f"{path} is on a network drive ({file_system}), where the job database may be damaged.",
            f"Choose a folder on a local disk with {setting_ref('job')}.",
        )
    return ok(f"{path} is writable.")


def check_disk_space(
    path: Path, row_count: int, log_megabytes: float, job_count: int = 1
) -> DoctorFinding:
    """Check that there is enough disk space for a job, or for several jobs together.

    Args:
        path: a folder on the disk; it need not exist yet.
        row_count: number of rows of all jobs together.
        log_megabytes: maximum size of a request log, in megabytes.
        job_count: number of jobs.
    """
    rows = f"{row_count:,} rows"
    if job_count > 1:
        rows = f"the {row_count:,} rows of {job_count:,} jobs together"
    free_megabytes = shutil.disk_usage(_existing_folder(path)).free / 1e6
    needed_megabytes = row_count * _BYTES_PER_ROW / 1e6 + log_megabytes
    message = f"{free_megabytes:,.0f} MB are free; {rows} need about {needed_megabytes:,.0f} MB."
    if free_megabytes < needed_megabytes:
        return problem(
            message,
            f"Free some space, or choose a folder on another disk with {setting_ref('job')}.",
        )
    return ok(message)


def check_open_files(jobs: Sequence[Job]) -> DoctorFinding:
    """Check that no file of results is open in a spreadsheet program, which may lock it."""
    running_jobs = [job.folder for job in jobs if job.is_locked]
    if running_jobs:
        return skipped(f"A run is in progress on {running_jobs[0]}.")
    open_files = [path for job in jobs for path in _open_result_files(job.folder)]
    if open_files:
        return problem(
            f"{', '.join(map(str, open_files))} may be open in another program.",
            "Close it there. If no program has it open, delete the lock file beside it.",
        )
    return ok(f"No results are open in other programs (jobs: {len(jobs)}).")


def _open_result_files(folder: Path) -> Iterator[Path]:
    for name in _RESULT_FILES:
        path = folder / name
        # LibreOffice and Excel create a lock file beside a document that they have open.
        lock_files = folder / f".~lock.{name}#", folder / f"~${name}"
        if any(lock_file.exists() for lock_file in lock_files) or _is_locked(path):
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


def _existing_folder(path: Path) -> Path:
    """Returns the folder, or its closest parent folder that exists."""
    absolute = path.absolute()
    return next(folder for folder in (absolute, *absolute.parents) if folder.exists())


def _network_file_system(path: Path) -> str:
    """Returns the name of the file system of a folder if it is a network file system.

    Otherwise, and on systems other than Linux, the name is empty.
    """
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    real_path = Path(os.path.realpath(path))
    longest_mount_point, file_system = "", ""
    for line in mounts.splitlines():
        # A line has the device, the mount point, the file system, and options.
        _, mount_point, mounted_system, *_ = line.split(" ")
        mount_point = mount_point.replace("\\040", " ")  # an escaped blank
        is_longer = len(mount_point) >= len(longest_mount_point)
        if is_longer and real_path.is_relative_to(mount_point):
            longest_mount_point, file_system = mount_point, mounted_system
    return file_system if file_system in _NETWORK_FILE_SYSTEMS else ""
