"""After the import: ask the platform for the size of each picture, a call a media.

Only `GET /media/{key}/detail` tells it, so this is done on request alone. This file must not know
what the sizes are for.
"""

from batch_import.errors import CredentialsRefused, Interrupted, RequestRejected
from batch_import.state.store import Store
from batch_import.viostream import endpoints
from batch_import.viostream.session import PlatformSession


def request_picture_sizes(store: Store, session: PlatformSession) -> None:
    """Ask for every picture that was not asked for yet; each answer is saved at once.

    Once `stop` is set, the rest is left to the next run.

    Raises:
        PlatformUnreachable: the platform stayed down.
    """
    while keys := store.pictures.missing(endpoints.PAGE_SIZE):
        for key in keys:
            try:
                store.pictures.save(key, session.send(endpoints.get_picture_size(key)))
            except (RequestRejected, CredentialsRefused):
                store.pictures.save(key, None)
            except Interrupted:
                return
