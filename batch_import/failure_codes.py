"""Codes for programs: why a row that was sent is not imported."""

from enum import StrEnum


class FailureCode(StrEnum):
    """Why a valid row failed or is unknown. The codes are stable.

    The codes of problems in a manifest (`Problem.code`) are other codes: no code is in both sets.
    """

    #: The platform permanently refused the row's POST.
    REJECTED = "rejected"
    #: The credentials are valid, but this POST is not allowed.
    NOT_ALLOWED = "not-allowed"
    #: Another media has the reference ID. The row is not sent, and that media is not adopted.
    REFERENCE_ID_TAKEN = "reference-id-taken"
    #: The platform refuses to search for the reference ID. The row cannot be sent safely then.
    SEARCH_REFUSED = "search-refused"
    #: The source URL is a reference such as `s3://bucket/key`, and the storage refuses to sign a
    #: URL for it. The row was not sent.
    REFERENCE_REFUSED = "reference-refused"
    #: No URL could be signed for the row's reference this time. The row was not sent, and is
    #: pending.
    NOT_SIGNED = "not-signed"
    #: The platform could not download the video from the source URL.
    SOURCE_UNAVAILABLE = "source-unavailable"
    #: The platform could not read the file as a video.
    FILE_UNREADABLE = "file-unreadable"
    #: The platform accepted the row but could not process it, for another reason.
    PROCESSING_FAILED = "processing-failed"
    #: Several POSTs got no clear answer, and none of them created a media.
    NO_MEDIA_CREATED = "no-media-created"
    #: A POST got no clear answer; the next run looks for the media.
    NO_ANSWER = "no-answer"
    #: A POST was answered with 409: a media may exist, perhaps created by an earlier POST.
    CONFLICT = "conflict"
    #: The run ended while the POST was in progress.
    INTERRUPTED = "interrupted"
    #: A POST got no clear answer, and no media was found within the time limit (`settle`).
    UNCONFIRMED = "unconfirmed"
    #: The platform answered the row's POST with the ingest of another row, and no media of the row
    #: is found.
    INGEST_SHARED = "ingest-shared"
    #: The run stopped waiting for the row, because it was still processing after `max_wait`.
    STILL_PROCESSING = "still-processing"
    #: The run stopped waiting for the row, because no list shows its media.
    MEDIA_MISSING = "media-missing"
    #: The media with the reference ID is neither online, nor being processed, nor failed. It may be
    #: archived or deleted.
    MEDIA_STATUS = "media-status"
    #: The media is online, but the platform gives no key for it, so it cannot be embedded.
    KEY_MISSING = "key-missing"
    #: The row is imported, and other media have the same reference ID.
    REFERENCE_SHARED = "reference-shared"
    #: The row is imported, and the platform stored its reference ID in another form.
    REFERENCE_ALTERED = "reference-altered"
    #: The row uses a media of the account that has another title, as the user requested (`adopt`).
    TITLE_OVERRIDDEN = "title-overridden"
