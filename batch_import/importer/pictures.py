"""After the import: ask the platform for the size of each picture, a call a media.

Only `GET /media/{key}/detail` tells it, so this is done on request alone. This file must not know
what the sizes are for.
"""

import threading
from collections.abc import Callable

from batch_import.errors import CallFailed, Forbidden, PlatformUnreachable, Rejected
from batch_import.state.store import Store
from batch_import.viostream import endpoints
from batch_import.viostream.client import Client
from batch_import.viostream.rate_limit import Budget
from batch_import.viostream.retry import patiently

_AT_ONCE = 100


def look_at_pictures(
    store: Store,
    client: Client,
    budget: Budget,
    give_up_after: float,
    stop: threading.Event,
    clock: Callable[[], float],
) -> None:
    """Ask for every picture that was not asked for yet; each answer is kept at once.

    Args:
        give_up_after: seconds that the platform may be down.
        stop: once set, the rest is left to the next run.
        clock: epoch seconds.

    Raises:
        PlatformUnreachable: it stayed down.
    """

    def ask(key: str) -> tuple[int, int] | None:
        call = endpoints.detail(key)
        return patiently(lambda: client.send(call), budget, give_up_after, clock=clock, stop=stop)

    while keys := store.pictures.missing(_AT_ONCE):
        for key in keys:
            if stop.is_set():
                return
            try:
                store.pictures.save(key, ask(key))
            except (Rejected, Forbidden):
                store.pictures.save(key, None)
            except CallFailed as failed:
                if stop.is_set():
                    return
                raise PlatformUnreachable(
                    f"The platform no longer tells of its videos: {failed.message}.",
                    "All state is saved: run the same command again later.",
                ) from None
