"""Request the size of each picture after the import, which takes one request per media.

Only `GET /media/{key}/detail` has the size; therefore this is done only if the user asks for it.
This module must not know what the sizes are for.
"""

from batch_import.errors import CredentialsRefused, Interrupted, RequestRejected
from batch_import.state.store import Store
from batch_import.viostream import endpoints
from batch_import.viostream.session import PlatformSession


def request_picture_sizes(store: Store, session: PlatformSession) -> None:
    """Request the size of every picture whose size was not requested yet; each is saved at once.

    If `stop` of the session is set, the remaining pictures are left to the next run.

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
