"""Why a row that was sent is not imported, as codes for programs."""

from enum import StrEnum


class FailureCode(StrEnum):
    """Why a row failed, or is unknown, after it was valid. Stable, for programs.

    Codes of problems (`Problem.code`) are of the same kind; no word is both.
    """

    #: The platform refused the row's POST for good.
    REJECTED = "rejected"
    #: The credentials are valid, but this POST is not allowed.
    NOT_ALLOWED = "not-allowed"
    #: Another media has its reference ID: it is neither sent nor taken over.
    REFERENCE_ID_TAKEN = "reference-id-taken"
    #: The platform refuses to search for its reference ID, so that it cannot be sent safely.
    SEARCH_REFUSED = "search-refused"
    #: The platform could not fetch the source.
    SOURCE_UNAVAILABLE = "source-unavailable"
    #: The platform could not read the file as a video.
    FILE_UNREADABLE = "file-unreadable"
    #: The platform accepted the row and could not process it, for another reason.
    PROCESSING_FAILED = "processing-failed"
    #: Several POSTs got no clear answer and created no media.
    NO_MEDIA_CREATED = "no-media-created"
    #: A POST got no clear answer; the next run looks for the media.
    NO_ANSWER = "no-answer"
    #: A POST was answered with 409: a media may exist, perhaps by an earlier POST.
    CONFLICT = "conflict"
    #: The run ended while the POST was in progress.
    INTERRUPTED = "interrupted"
    #: A POST got no clear answer, and no media was found within the time limit (`settle`).
    UNCONFIRMED = "unconfirmed"
    #: Its media is online, and the platform gives it no key, so that it cannot be embedded.
    KEY_MISSING = "key-missing"
    #: The row is imported, and other media have the same reference ID.
    REFERENCE_SHARED = "reference-shared"
    #: The row was in the account under another title, and was taken over as the user asked.
    TITLE_OVERRIDDEN = "title-overridden"
