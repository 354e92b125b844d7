"""Everything that a run can be told.

Credentials show themselves in no repr. This file must not know how the settings are used, nor parse
flags.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

from batch_import.errors import UsageError
from batch_import.models import LineRange
from batch_import.urls import parse

#: The guide's base URL.
API_BASE: Final = "https://api.app.viostream.com/v3/api"
#: Where the guide's embed code points.
EMBED_BASE: Final = "https://play.viostream.com"


@dataclass(frozen=True, slots=True)
class Credentials:
    """HTTP Basic credentials (guide, "API Authentication")."""

    access_key: str
    api_key: str = field(repr=False)


#: Settings that make no sense at 0, and those that do; the command says the same of its options.
_ABOVE_ZERO: Final = (
    *("rate", "workers", "poll_interval", "max_in_flight"),
    *("give_up_after", "refresh"),
)
_FROM_ZERO: Final = ("max_wait", "settle", "log_max")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is told. Times are in seconds.

    Raises:
        UsageError: a value is out of its range, or the credentials would be sent unencrypted.

    Attributes:
        api_base: base URL of the platform's API, without a final slash.
        embed_base: origin of the embed pages.
        rate: calls a second for the whole run, at most.
        workers: threads that carry calls out.
        poll_interval: about how long to wait between two looks for the same rows.
        max_wait: how long this run waits for a row that stays processing.
        max_in_flight: rows under way at once, at most.
        settle: how long a POST without an answer is looked for before it counts as unsettled.
        when_unsure: what then becomes of its row: `hold` leaves it unknown, `retry` sends it again.
        give_up_after: how long the platform may be down before the run ends.
        refresh: between two times that the results are written while a run goes on.
        log_max: megabytes of the job's log, all its files together; 0 keeps none.
        timeout: how long a call may take to connect, and to answer.
        preflight: ask the source hosts before anything is sent.
        strict: send nothing while the manifest has a single problem, be it a warning.
        limit: how many pending rows this run takes up; None for all.
        only: the rows that this run may take up, by lines or reference IDs; empty for all.
        until: epoch seconds from which on nothing more is done; None for never.
    """

    api_base: str = API_BASE
    embed_base: str = EMBED_BASE
    rate: float = 5.0
    workers: int = 8
    poll_interval: float = 30.0
    max_wait: float = 4 * 3600.0
    max_in_flight: int = 10_000
    settle: float = 600.0
    when_unsure: Literal["hold", "retry"] = "hold"
    give_up_after: float = 900.0
    refresh: float = 60.0
    log_max: float = 50.0
    timeout: tuple[float, float] = (10.0, 60.0)
    preflight: bool = False
    strict: bool = False
    limit: int | None = None
    only: Sequence[LineRange | str] = ()
    until: float | None = None

    def __post_init__(self) -> None:
        for name in _ABOVE_ZERO:
            if not getattr(self, name) > 0:
                raise UsageError(f"The setting {name} must be above 0.")
        for name in _FROM_ZERO:
            if not getattr(self, name) >= 0:
                raise UsageError(f"The setting {name} must be 0 or more.")
        for name, example in (("api_base", API_BASE), ("embed_base", EMBED_BASE)):
            base_url(getattr(self, name), f"The setting {name}", example)

    @property
    def own_host(self) -> str:
        """Where the API runs, as `host:port`, if that is this machine; empty if not.

        An API here is the sandbox: its own clips may be sources, though no other host here may.
        """
        url = parse(self.api_base)
        return url.origin if url and _is_loopback(url.host.strip("[]")) else ""


@dataclass(frozen=True, slots=True)
class ResultOptions:
    """How a job's results look. Kept with the job: every later report of it looks alike.

    Attributes:
        player_key: of the player that embeds show; empty for the account's own.
        embed: which markup: `responsive` is the guide's, `fixed` its `<iframe>` alone.
        embed_titles: name each video in the markup (`title=`), for screen readers.
        aspect_from_detail: ask the platform for each picture's ratio; costs a call a row.
        columns: which columns, and their headings: `NAME[=HEADING],…`; empty for all.
    """

    player_key: str = ""
    embed: Literal["responsive", "fixed"] = "responsive"
    embed_titles: bool = False
    aspect_from_detail: bool = False
    columns: str = ""


def api_base(flag: str | None, environ: Mapping[str, str] = os.environ) -> str:
    """The base URL in force: the flag, else `VIOSTREAM_API_BASE`, else the guide's.

    Raises:
        UsageError: it is no URL, or it would send the credentials unencrypted over a network.
    """
    text = flag or environ.get("VIOSTREAM_API_BASE") or API_BASE
    return base_url(text, "--api-base (VIOSTREAM_API_BASE)", API_BASE)


def embed_base(flag: str | None, api: str, environ: Mapping[str, str] = os.environ) -> str:
    """The origin of the embed pages: the flag, else `VIOSTREAM_EMBED_BASE`, else a default.

    The default is Viostream's player. An API on this machine is the sandbox, which serves its
    own embed pages, so there it is the API's origin.

    Raises:
        UsageError: it is no URL.
    """
    given = flag or environ.get("VIOSTREAM_EMBED_BASE")
    if given:
        return base_url(given, "--embed-base (VIOSTREAM_EMBED_BASE)", EMBED_BASE)
    parts = urlsplit(api)
    return f"{parts.scheme}://{parts.netloc}" if _is_loopback(parts.hostname or "") else EMBED_BASE


def notify_url(text: str) -> str:
    """Where the end of a run is told, as it was given.

    Raises:
        UsageError: it is no URL, or would send names of files unencrypted over a network. The
            message does not hold it: a webhook's path is its password.
    """
    parts, host = _split(text)
    encrypted = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
    if not (host and encrypted and text.isprintable() and " " not in text):
        raise UsageError(
            "--notify is no https:// address.", "It looks like https://hooks.example.com/…"
        )
    return text


def base_url(text: str, name: str, example: str) -> str:
    """A base URL, without a final slash.

    Args:
        name: what messages call it.

    Raises:
        UsageError: it is no URL, or it would send the credentials unencrypted over a network.
    """
    text = text.rstrip("/")
    parts, host = _split(text)
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise UsageError(f"{name} is no base URL: {text!r}.", f"It looks like {example}")
    if parts.username or parts.password:
        raise UsageError(
            f"{name} holds a user name or password.",
            "Leave them out; credentials come from VIOSTREAM_ACCESS_KEY and VIOSTREAM_API_KEY.",
        )
    if parts.scheme == "http" and not _is_loopback(host):
        raise UsageError(f"{name} would send your API key unencrypted to {host}.", "Use https://.")
    return text


def _split(text: str) -> tuple[SplitResult, str]:
    """The parts of an address, and its host; empty ones where it is none."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return urlsplit(""), ""
    return parts, host


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
