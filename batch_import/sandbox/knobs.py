"""The knobs: settings of the sandbox for all behaviour of the platform that is not documented.

Examples: whether lists show a media that is being processed; whether the platform carries out a
request to which it sends no response. A test or a demonstration can choose either behaviour.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, get_args, get_origin, get_type_hints

from batch_import.errors import UsageError, find_similar

# For each type of knob, the values that a user may write. The texts are shown in error messages,
# and are the keys of `_READERS`.
_PROBABILITY_FORM = "a number from 0 to 1"
_AMOUNT_FORM = "a number, 0 or more"
_COUNT_FORM = "a whole number, 0 or more"
_RANGE_FORM = 'two numbers, low and high: [2, 4] or "2-4", or one number for both'
_RANGES_FORM = 'a list of pairs, start and end: [[10, 20]] or "10-20,60-90"'
_SWITCH_FORM = "true or false"

#: A probability.
Chance = Annotated[float, _PROBABILITY_FORM]
#: Seconds, or a number per second.
Amount = Annotated[float, _AMOUNT_FORM]
#: A whole number of media or requests.
Count = Annotated[int, _COUNT_FORM]
#: Minimum and maximum in seconds. Random numbers are drawn uniformly between them.
Range = Annotated[tuple[float, float], _RANGE_FORM]
#: Several intervals: start and end of each in seconds.
Ranges = Annotated[tuple[tuple[float, float], ...], _RANGES_FORM]
#: True or false.
Switch = Annotated[bool, _SWITCH_FORM]


@dataclass(frozen=True, slots=True)
class Knobs:
    """How the sandbox behaves. With the defaults it is fast and makes no errors."""

    #: Seconds from the POST until a media has its final status.
    processing: Range = (2.0, 4.0)
    #: From when lists show a media: from its creation, or only from the end of its processing.
    listed_from: Literal["created", "online"] = "created"
    #: Whether lists show media whose processing failed.
    list_failed: Switch = True
    #: Seconds from the POST until lists can show a media, as if a search index were slow.
    list_delay: Range = (0.0, 0.0)
    #: Probability that a list omits a media that it should show.
    list_omits: Chance = 0.0
    #: Maximum number of media per page of a list, even if more are requested; at least 1.
    page_limit: Count = 100
    #: How `PageNumber` works: it selects the page; or it is ignored, and the first page is always
    #: returned; or each number after the last page selects the last page.
    page_number: Literal["exact", "ignored", "clamped"] = "exact"
    #: Order of lists without `SortColumn=Title`: as requested, or always the oldest media first.
    list_order: Literal["newest-first", "oldest-first"] = "newest-first"
    #: Which media `?referenceId=` selects: those with this ID; all media; those whose ID contains
    #: this text; those with this ID, with status 404 instead of an empty list; or none, because
    #: each request with this parameter is refused with 404.
    reference_filter: Literal["exact", "ignored", "contains", "exact-or-404", "missing"] = "exact"
    #: Response to a POST with an existing referenceId: a second video is created, or status 409.
    duplicate_reference: Literal["accept", "refuse"] = "accept"
    #: Whether `listResult.items` is the list, or an object with the list. The Viostream API guide
    #: shows both.
    items_shape: Literal["flat", "nested"] = "flat"
    #: Letter case of status values.
    status_case: Literal["as-is", "lower", "upper"] = "as-is"
    #: Whether an ingest is "Queued" for the first quarter of its processing time.
    queued: Switch = False
    #: Fraction of media whose final status is "Pending Review" instead of Online.
    pending_review: Chance = 0.0
    #: Fraction of ingests that fail. Another POST of the same row has a new chance.
    failing: Chance = 0.0
    #: Fraction of POSTs refused with 400 or 422. The same video is refused every time.
    rejecting: Chance = 0.0
    #: Maximum number of requests per second; 0 for no limit.
    rate_limit: Amount = 0.0
    #: Maximum number of requests accepted at once after a pause, if there is a rate limit.
    burst: Count = 10
    #: Form of the `Retry-After` header of a 429 or 503.
    retry_after: Literal["seconds", "date", "none"] = "seconds"
    #: Form of the body of an error response.
    error_body: Literal["message", "problem", "html", "empty"] = "message"
    #: Status of the response to wrong credentials.
    credentials_status: Literal[401, 403] = 401
    #: Form of a duration: "00:00:04", the number 4, or the text "4".
    duration_format: Literal["clock", "seconds", "text"] = "clock"
    #: Seconds before a response.
    latency: Range = (0.0, 0.0)
    #: Probability that the connection is closed before the request is carried out.
    lost_request: Chance = 0.0
    #: Probability that a POST is answered with an error at once, and carried out later.
    late_post: Chance = 0.0
    #: Status of this error. 502 and 504 are typical of gateways, 500 and 503 of servers.
    late_post_status: Literal[500, 502, 503, 504] = 502
    #: Seconds after the error until such a POST is carried out.
    late_post_delay: Range = (1.0, 20.0)
    #: Probability that the request is carried out, but the connection is closed without a response.
    lost_reply: Chance = 0.0
    #: Probability of a 500 for a request that was not carried out.
    error_before: Chance = 0.0
    #: Probability of a 502 for a request that was carried out.
    error_after: Chance = 0.0
    #: Probability that a request is carried out, but gets no response: after `hang_seconds`, its
    #: connection is closed.
    hang: Chance = 0.0
    #: Seconds until the connection of a request that hangs is closed.
    hang_seconds: Amount = 60.0
    #: Probability that a request is carried out, but only half of its response arrives.
    truncated: Chance = 0.0
    #: Probability of a 503 for a request that was not carried out.
    unavailable: Chance = 0.0
    #: Intervals, in seconds since the start, in which every connection is closed.
    outages: Ranges = ()
    #: Whether the source of each POST is downloaded, if its host is on this machine. The media
    #: fails if the host refuses. Only the server of the sandbox downloads, not a rehearsal.
    fetch: Switch = False
    #: Seconds from the POST to the download of its source.
    fetch_delay: Amount = 0.0
    #: Fraction of Online videos whose player page returns 500.
    embed_fails: Chance = 0.0
    #: Number of media that are in the account from the start.
    existing: Count = 0
    #: Number of media per second that other users add to the account.
    foreign_rate: Amount = 0.0
    #: Number of deletions per second by other users, who delete only their own media. The
    #: deletions begin with the first request of a list.
    deletion_rate: Amount = 0.0
    #: Number of media per deletion by other users; they are adjacent in the list.
    deletion_size: Count = 1

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object]) -> Self:
        """Returns the knobs that a user has written in a settings file or on a command line.

        Names may contain `-` instead of `_`. Every value may be given as text.

        Raises:
            UsageError: there is no such knob, or a value has the wrong form.
        """
        type_hints = get_type_hints(cls, include_extras=True)
        values: dict[str, Any] = {}
        for user_name, value in mapping.items():
            name = str(user_name).strip().replace("-", "_")
            if name not in type_hints:
                raise _unknown_knob(str(user_name), list(type_hints))
            values[name] = _read(name, type_hints[name], value)
        return cls(**values)


def _unknown_knob(name: str, knob_names: list[str]) -> UsageError:
    similar_name = find_similar(name.lower().replace("-", "_"), knob_names, min_similarity=0.5)
    hint = (
        f"Did you mean '{similar_name}'?"
        if similar_name
        else f"Known are: {', '.join(knob_names)}."
    )
    return UsageError(f"The sandbox has no knob '{name}'.", hint)


def _read(name: str, type_hint: Any, value: object) -> object:
    """Returns a value that a user wrote, converted to the type of its knob.

    Raises:
        UsageError: the value has the wrong form.
    """
    is_choice = get_origin(type_hint) is Literal
    if is_choice:
        form = "one of " + ", ".join(str(choice) for choice in get_args(type_hint))
    else:
        form = get_args(type_hint)[1]
    try:
        return _read_choice(get_args(type_hint), value) if is_choice else _READERS[form](value)
    except (ValueError, TypeError, OverflowError):
        raise UsageError(
            f"The sandbox's knob '{name}' cannot be {value!r}.", f"Expected is {form}."
        ) from None


def _read_choice(choices: tuple[object, ...], value: object) -> object:
    choices_by_text = {str(choice): choice for choice in choices}
    text = str(value).strip().lower()
    if isinstance(value, bool) or text not in choices_by_text:
        raise ValueError
    return choices_by_text[text]


def _read_amount(value: object) -> float:
    # bool is a subclass of int, but `latency: true` is a mistake, not one second.
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError
    number = float(value)
    if not 0 <= number < float("inf"):
        raise ValueError
    return number


def _read_probability(value: object) -> float:
    number = _read_amount(value)
    if number > 1:
        raise ValueError
    return number


def _read_count(value: object) -> int:
    number = _read_amount(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _read_range(value: object) -> tuple[float, float]:
    if isinstance(value, str):
        # "2-4" or "2..4"; any other text must be one number, which is both bounds.
        match = re.fullmatch(r"\s*([\d.]+)\s*(?:-|\.\.)\s*([\d.]+)\s*", value)
        value = match.groups() if match else (value, value)
    elif not isinstance(value, (list, tuple)):
        value = (value, value)
    low, high = (_read_amount(bound) for bound in value)
    if low > high:
        raise ValueError
    return low, high


def _read_ranges(value: object) -> tuple[tuple[float, float], ...]:
    if isinstance(value, str):
        value = [part for part in value.split(",") if part.strip()]
    if not isinstance(value, (list, tuple)):
        raise TypeError
    spans = tuple(_read_range(span) for span in value)
    if any(low == high for low, high in spans):
        raise ValueError
    return spans


def _read_switch(value: object) -> bool:
    values = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    text = str(value).strip().lower()
    if text not in values:
        raise ValueError
    return values[text]


#: For each form of values, the function that converts a value that a user wrote. It raises
#: `ValueError` or `TypeError` if the value has another form.
_READERS: dict[str, Callable[[object], object]] = {
    _PROBABILITY_FORM: _read_probability,
    _AMOUNT_FORM: _read_amount,
    _COUNT_FORM: _read_count,
    _RANGE_FORM: _read_range,
    _RANGES_FORM: _read_ranges,
    _SWITCH_FORM: _read_switch,
}
