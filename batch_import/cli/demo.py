"""`batch-import demo`."""

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from batch_import.cli.command import Call, command
from batch_import.cli.run import import_with_progress
from batch_import.errors import StateError, UsageError

if TYPE_CHECKING:
    from batch_import.job import Job
    from batch_import.sandbox.server import SandboxServer

_FOLDER: Final = Path("output/demo")


@command("verbose", examples=("batch-import demo",))
def demo(call: Call) -> int:
    """Import a sample manifest into the embedded platform."""
    from batch_import.cli.sandbox import CREDENTIALS, save_platform
    from batch_import.configuration.request import ImportRequest
    from batch_import.configuration.settings import Settings
    from batch_import.job import Job

    job = Job(_FOLDER)
    platform_file = job.folder / "platform.json"
    _remove_last(job, platform_file)
    sample = resources.files("batch_import.sandbox.samples") / "videos.csv"
    with resources.as_file(sample) as manifest, _server() as server:
        print(f"The embedded platform is at {server.api_base}; Viostream is not contacted.")
        settings = Settings(
            api_base=server.api_base, embed_base=server.address, rate=20.0, poll_interval=1.0
        )
        request = ImportRequest(manifest, folder=job.folder, settings=settings)
        code = import_with_progress(request, CREDENTIALS, call.places)
        save_platform(server, platform_file)
    port = server.address.rpartition(":")[2]
    print(f"To open the embed pages: batch-import sandbox --port {port} --data {platform_file}")
    return code


def _remove_last(job: "Job", platform_file: Path) -> None:
    """A demo that finds its work done would show nothing, so each one starts from scratch."""
    names = [job.state, job.results, job.failed, job.problems, job.verification, platform_file]
    names += [job.results.with_suffix(suffix) for suffix in (".html", ".xlsx")]
    names += [job.state.with_name(job.state.name + suffix) for suffix in ("-wal", "-shm")]
    try:
        for name in names:
            name.unlink(missing_ok=True)
    except OSError as error:
        raise StateError(
            f"The last demo's {error.filename} cannot be removed: {error.strerror}.", "Remove it."
        ) from None


def _server() -> "SandboxServer":
    """On the usual port where that is free, so that the embed codes stay valid."""
    from batch_import.cli.options import SANDBOX_PORT
    from batch_import.cli.sandbox import server
    from batch_import.sandbox.knobs import Knobs

    knobs = Knobs(processing=(2.0, 5.0), latency=(0.02, 0.08))
    try:
        return server(knobs, 1, SANDBOX_PORT, None)
    except UsageError:
        return server(knobs, 1, 0, None)
