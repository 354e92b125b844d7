"""`batch-import sandbox`: run a simulated Viostream API on this machine."""

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from batch_import.cli.command import Invocation, command, pairs
from batch_import.cli.exits import OK
from batch_import.cli.progress import stoppable
from batch_import.configuration.credentials import Credentials
from batch_import.errors import StateError, UsageError, setting_ref

if TYPE_CHECKING:
    from batch_import.sandbox.knobs import Knobs
    from batch_import.sandbox.server import SandboxServer

#: The credentials that the sandbox accepts.
CREDENTIALS: Final = Credentials("VC-sandbox", "sandbox-api-key")
#: Seconds after which Ctrl-C is noticed on Windows.
_LOOK_EVERY: Final = 0.5


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

    knobs = Knobs.from_mapping(knobs_of(invocation))
    started = server(knobs, invocation["seed"], invocation["port"], invocation["data"])
    with stoppable() as stop, started:
        assign = "set" if os.name == "nt" else "export"
        print(
            f"The sandbox listens at {started.address} (Ctrl-C ends it). To use it:\n"
            f"  {assign} VIOSTREAM_API_BASE={started.api_base}\n"
            f"  {assign} VIOSTREAM_ACCESS_KEY={CREDENTIALS.access_key}\n"
            f"  {assign} VIOSTREAM_API_KEY={CREDENTIALS.api_key}",
            flush=True,
        )
        while not stop.wait(_LOOK_EVERY):
            pass  # on Windows, Ctrl-C ends no wait that has no end
        if invocation["data"]:
            save_platform(started, invocation["data"])
    return OK


def knobs_of(invocation: Invocation) -> dict[str, object]:
    """The knobs of a file and of flags. A flag overrides the file."""
    import yaml

    try:
        text = invocation["knobs"].read_text(encoding="utf-8") if invocation["knobs"] else "{}"
        knobs = yaml.safe_load(text) or {}
        given = {
            name: yaml.safe_load(value) for name, value in pairs("knob", invocation["knob"]).items()
        }
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        line = " ".join(str(error).split())
        raise UsageError(f"The knobs cannot be read: {line}.") from None
    if not isinstance(knobs, dict):
        raise UsageError(f"{invocation['knobs']} has no knobs.", "It looks like: lost_reply: 0.1")
    return {**knobs, **given}


def server(knobs: "Knobs", seed: int, port: int, data: Path | None) -> "SandboxServer":
    """Start the sandbox.

    Raises:
        UsageError: the port cannot be used.
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
        said = error.strerror or error
        raise UsageError(
            f"Port {port} cannot be used: {said}.", f"Choose one with {setting_ref('port')}."
        ) from None


def save_platform(running: "SandboxServer", path: Path) -> None:
    """Save the videos of a sandbox.

    Raises:
        StateError: the file cannot be written.
    """
    from batch_import.files import replace_text_file

    with running.lock:
        kept = json.dumps(running.platform.dump())
    with replace_text_file(path, f"Choose another {setting_ref('data')}.") as file:
        file.write(kept)


def _read_platform(path: Path) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StateError(
            f"{path} cannot be read as a sandbox's videos: {error}.",
            f"Choose another {setting_ref('data')}.",
        ) from None
    return kept
