"""`batch-import sandbox`: run a simulated Viostream API on this machine."""

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from batch_import.cli.command import Invocation, command, parse_pairs
from batch_import.cli.exits import OK
from batch_import.cli.progress import stoppable
from batch_import.configuration.credentials import Credentials
from batch_import.errors import StateError, UsageError, setting_ref

if TYPE_CHECKING:
    from batch_import.sandbox.knobs import Knobs
    from batch_import.sandbox.server import SandboxServer

#: The credentials that the sandbox accepts.
CREDENTIALS: Final = Credentials("VC-sandbox", "sandbox-api-key")
#: Seconds between two checks for Ctrl-C. On Windows, Ctrl-C does not end a wait without a timeout.
_CHECK_SECONDS: Final = 0.5
#: The pause after the videos were saved, as a multiple of the time that this took: saving a large
#: account must not slow down the responses.
_PAUSE_FACTOR: Final = 20


@command(
    options=("config", "port", "verbose", "seed", "knob", "knobs", "data"),
    examples=(
        "batch-import sandbox",
        "batch-import sandbox --knob lost_reply=0.1 --knob 'processing=[5, 60]'",
    ),
)
def sandbox(invocation: Invocation) -> int:
    """Run the sandbox (a simulated Viostream) until Ctrl-C."""
    from batch_import.sandbox.knobs import Knobs

    knobs = Knobs.from_mapping(read_knobs(invocation))
    server = start_server(knobs, invocation["seed"], invocation["port"], invocation["data"])
    with stoppable() as stop, server:
        assign = "set" if os.name == "nt" else "export"
        print(
            f"The sandbox listens at {server.address} (Ctrl-C ends it). To use it:\n"
            f"  {assign} VIOSTREAM_API_BASE={server.api_base}\n"
            f"  {assign} VIOSTREAM_ACCESS_KEY={CREDENTIALS.access_key}\n"
            f"  {assign} VIOSTREAM_API_KEY={CREDENTIALS.api_key}",
            flush=True,
        )
        saved, duration = "", 0.0
        while not stop.wait(max(_CHECK_SECONDS, _PAUSE_FACTOR * duration)):
            if invocation["data"]:
                started = time.monotonic()
                saved = save_platform(server, invocation["data"], saved)
                duration = time.monotonic() - started
        if invocation["data"]:
            save_platform(server, invocation["data"], saved)
    return OK


def read_knobs(invocation: Invocation) -> dict[str, object]:
    """Read the knobs of the file `--knobs` and of the flags `--knob`. A flag overrides the file.

    Raises:
        UsageError: the file cannot be read, or a knob is not valid YAML.
    """
    import yaml

    try:
        text = invocation["knobs"].read_text(encoding="utf-8") if invocation["knobs"] else "{}"
        file_knobs = yaml.safe_load(text) or {}
        flag_texts = parse_pairs("knob", invocation["knob"])
        flag_knobs = {name: yaml.safe_load(value) for name, value in flag_texts.items()}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        line = " ".join(str(error).split())
        raise UsageError(f"The knobs cannot be read: {line}.") from None
    if not isinstance(file_knobs, dict):
        raise UsageError(f"{invocation['knobs']} has no knobs.", "Example: lost_reply: 0.1")
    return {**file_knobs, **flag_knobs}


def start_server(knobs: "Knobs", seed: int, port: int, data: Path | None) -> "SandboxServer":
    """Start the sandbox.

    Args:
        seed: seed of the random faults.
        port: port to listen on; 0 means a free port.
        data: file with the videos of an earlier sandbox; None means no videos.

    Raises:
        UsageError: the port cannot be used.
        StateError: the file cannot be read.
    """
    from batch_import.sandbox.platform import SimulatedPlatform
    from batch_import.sandbox.server import SandboxServer

    now, keys = time.time(), CREDENTIALS
    if data and data.exists():
        platform = SimulatedPlatform.load(
            _read_platform(data), keys.access_key, keys.api_key, knobs=knobs, start=now
        )
    else:
        platform = SimulatedPlatform(knobs, seed, now, keys.access_key, keys.api_key)
    try:
        return SandboxServer(platform, port)
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(
            f"Port {port} cannot be used: {reason}.",
            f"Choose another port with {setting_ref('port')}.",
        ) from None


def save_platform(server: "SandboxServer", path: Path, saved: str = "") -> str:
    """Save the videos of a sandbox in a file, for `--data`. Nothing is written if none has changed.

    Args:
        saved: the content that was written before; empty if there is none.

    Returns:
        The content of the file.

    Raises:
        StateError: the file cannot be written.
    """
    from batch_import.files import replace_text_file

    with server.lock:
        content = json.dumps(server.platform.dump())
    if content != saved:
        with replace_text_file(path, f"Choose another {setting_ref('data')}.") as file:
            file.write(content)
    return content


def _read_platform(path: Path) -> dict[str, Any]:
    """Read the videos of a sandbox from a file of `save_platform`."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StateError(
            f"{path} cannot be read as a sandbox's videos: {error}.",
            f"Choose another {setting_ref('data')}.",
        ) from None
    return content
