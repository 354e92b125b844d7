"""The embedded platform: `sandbox` runs it, `demo` imports a sample manifest into it."""

import argparse
import json
import time
from importlib import resources
from pathlib import Path
from typing import Any, Final

import yaml

from batch_import.cli.arguments import pairs
from batch_import.cli.exits import OK
from batch_import.cli.importing import import_watched
from batch_import.cli.options import SANDBOX_PORT
from batch_import.cli.terminal import stoppable
from batch_import.errors import StateError, UsageError
from batch_import.files import replacing
from batch_import.job import Job
from batch_import.manifest.options import Options
from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.model import Platform
from batch_import.sandbox.server import SandboxServer
from batch_import.settings import Credentials, Settings

_DEMO_FOLDER: Final = Path("output/demo")
_CREDENTIALS: Final = Credentials("VC-sandbox", "sandbox-api-key")


def demo(arguments: argparse.Namespace) -> int:
    """Import a sample manifest into the embedded platform."""
    del arguments
    job = Job(_DEMO_FOLDER)
    platform_file = job.folder / "platform.json"
    _remove_demo(job, platform_file)
    sample = resources.files("batch_import.sandbox.samples") / "videos.csv"
    with (
        resources.as_file(sample) as manifest,
        _demo_server(Knobs(processing=(2.0, 5.0), latency=(0.02, 0.08))) as server,
    ):
        print(f"The embedded platform stands in for Viostream at {server.api_base}")
        settings = Settings(
            api_base=server.api_base, embed_base=server.address, rate=20.0, poll_interval=1.0
        )
        code = import_watched(job, manifest, settings, _CREDENTIALS, options=Options())
        _save_platform(server, platform_file)
    port = server.address.rpartition(":")[2]
    print(f"To open the embed pages: batch-import sandbox --port {port} --data {platform_file}")
    return code


def _remove_demo(job: Job, platform_file: Path) -> None:
    """A demo that finds its work done would show nothing, so each one starts anew."""
    names = [job.state, job.results, job.failed, job.problems, job.proof, platform_file]
    names += [job.results.with_suffix(suffix) for suffix in (".html", ".xlsx")]
    names += [job.state.with_name(job.state.name + suffix) for suffix in ("-wal", "-shm")]
    try:
        for name in names:
            name.unlink(missing_ok=True)
    except OSError as error:
        raise StateError(
            f"The last demo's {error.filename} cannot be removed: {error.strerror}.", "Remove it."
        ) from None


def sandbox(arguments: argparse.Namespace) -> int:
    """Run the embedded platform until Ctrl-C."""
    knobs = Knobs.from_mapping(knobs_of(arguments))
    server = _server(knobs, arguments.seed, arguments.port, arguments.data)
    with stoppable() as stop, server:
        print(
            f"The embedded platform listens at {server.address} (Ctrl-C ends it). To use it:\n"
            f"  export VIOSTREAM_API_BASE={server.api_base}\n"
            f"  export VIOSTREAM_ACCESS_KEY={_CREDENTIALS.access_key}\n"
            f"  export VIOSTREAM_API_KEY={_CREDENTIALS.api_key}",
            flush=True,
        )
        stop.wait()
        if arguments.data:
            _save_platform(server, arguments.data)
    return OK


def knobs_of(arguments: argparse.Namespace) -> dict[str, object]:
    """The knobs that were turned, by a file and by flags."""
    try:
        text = arguments.knobs.read_text(encoding="utf-8") if arguments.knobs else "{}"
        knobs = yaml.safe_load(text) or {}
        told = pairs(arguments.knob)
        turned = {name: yaml.safe_load(value) for name, value in told.items()}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        line = " ".join(str(error).split())
        raise UsageError(f"The knobs cannot be read: {line}.") from None
    if not isinstance(knobs, dict):
        raise UsageError(f"{arguments.knobs} holds no knobs.", "It looks like: lost_reply: 0.1")
    return {**knobs, **turned}


def _demo_server(knobs: Knobs) -> SandboxServer:
    """On the usual port where that is free, so that the embed codes stay good."""
    try:
        return _server(knobs, 1, SANDBOX_PORT, None)
    except UsageError:
        return _server(knobs, 1, 0, None)


def _server(knobs: Knobs, seed: int, port: int, data: Path | None) -> SandboxServer:
    now, keys = time.time(), _CREDENTIALS
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


def _save_platform(server: SandboxServer, path: Path) -> None:
    with server.lock:
        kept = json.dumps(server.platform.dump())
    with replacing(path, "Choose another --data.") as file:
        file.write(kept)
