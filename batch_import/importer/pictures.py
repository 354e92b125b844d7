"""Request width and height of each video after the import: one request per media.

In this program, a picture is the image of a video, which has a size in pixels. Only the response to
`GET /media/{key}/detail` has this size. Because this costs a request per media, it is done only if
the user asks for it. This module must not know what the sizes are for.
"""

from batch_import.errors import CredentialsRefused, Interrupted, RequestRejected
from batch_import.state.store import Store
from batch_import.viostream import endpoints
from batch_import.viostream.session import PlatformSession


def request_picture_sizes(store: Store, session: PlatformSession) -> None:
    """Request every size that was not requested yet, and store each as soon as it is received.

    If the stop event of the session is set, the remaining sizes are requested by the next run.

    Raises:
        PlatformUnreachable: the platform did not answer for too long.
    """
    # A limited number of keys is loaded at a time, because a job can have a million rows.
    while keys := store.pictures.missing(endpoints.PAGE_SIZE):
        for key in keys:
            try:
                size = session.send(endpoints.get_picture_size(key))
            except (RequestRejected, CredentialsRefused):
                size = None  # the platform refuses this request: it is not repeated
            except Interrupted:
                return
            store.pictures.save(key, size)
