"""`batch-import demo`."""

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from batch_import.cli.command import Invocation, command
from batch_import.cli.run import import_with_progress
from batch_import.errors import StateError, UsageError

if TYPE_CHECKING:
    from batch_import.job import Job
    from batch_import.sandbox.server import SandboxServer

#: The job folder of the demo, in the working folder.
_FOLDER: Final = Path("output/demo")


@command(options=("verbose",), examples=("batch-import demo",))
def demo(invocation: Invocation) -> int:
    """Import a sample manifest into the sandbox, on this machine."""
    from batch_import.cli.sandbox import CREDENTIALS, save_platform
    from batch_import.configuration.request import ImportRequest
    from batch_import.configuration.settings import Settings
    from batch_import.job import Job

    job = Job(_FOLDER)
    platform_file = job.folder / "platform.json"
    _remove_previous_demo(job, platform_file)
    sample = resources.files("batch_import.sandbox.samples") / "videos.csv"
    with resources.as_file(sample) as manifest, _start_server() as server:
        print(f"The sandbox is at {server.api_base}; Viostream is not contacted.")
        settings = Settings(
            api_base=server.api_base, embed_base=server.address, rate=20.0, poll_interval=1.0
        )
        request = ImportRequest(manifest, folder=job.folder, settings=settings)
        code = import_with_progress(request, CREDENTIALS, invocation.option_sources)
        save_platform(server, platform_file)
    port = server.address.rpartition(":")[2]
    print(f"To open the embed pages: batch-import sandbox --port {port} --data {platform_file}")
    return code


def _remove_previous_demo(job: "Job", platform_file: Path) -> None:
    """Delete the previous demo's files; otherwise the run would have nothing to do."""
    paths = [job.file, job.results, job.failed, job.problems, job.verification, platform_file]
    paths += [job.results.with_suffix(suffix) for suffix in (".html", ".xlsx")]
    paths += [job.file.with_name(job.file.name + suffix) for suffix in ("-wal", "-shm")]
    try:
        for path in paths:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise StateError(
            f"{error.filename} of the previous demo cannot be deleted: {error.strerror}.",
            "Delete it.",
        ) from None


def _start_server() -> "SandboxServer":
    """Start the sandbox on its default port, or on a free port if another program uses that port.

    The embed codes have the port, so they stay valid if each demo uses the same port.
    """
    from batch_import.cli.options import SANDBOX_PORT
    from batch_import.cli.sandbox import start_server
    from batch_import.sandbox.knobs import Knobs

    knobs = Knobs(processing=(2.0, 5.0), latency=(0.02, 0.08))
    try:
        return start_server(knobs, seed=1, port=SANDBOX_PORT, data=None)
    except UsageError:
        return start_server(knobs, seed=1, port=0, data=None)
