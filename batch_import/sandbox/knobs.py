"""Every unknown of the platform, as a knob of its stand-in.

What nobody outside knows about the platform (is a processing media listed? was a call without an
answer carried out?) is a field here, so that a test or a demonstration can choose either answer.
This file must not know how the stand-in uses them, nor any clock, thread, socket or file.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, get_args, get_origin, get_type_hints

from batch_import.errors import UsageError

_CHANCE = "a number from 0 to 1"
_AMOUNT = "a number, 0 or more"
_COUNT = "a whole number, 0 or more"
_RANGE = 'two numbers, low and high: [2, 4] or "2-4", or one number for both'
_RANGES = 'a list of pairs, start and end: [[10, 20]] or "10-20,60-90"'
_SWITCH = "true or false"

#: A probability.
Chance = Annotated[float, _CHANCE]
#: Seconds, or times a second.
Amount = Annotated[float, _AMOUNT]
#: How many.
Count = Annotated[int, _COUNT]
#: From low to high seconds; a value is drawn evenly between the two.
Range = Annotated[tuple[float, float], _RANGE]
#: Several spans of seconds.
Ranges = Annotated[tuple[tuple[float, float], ...], _RANGES]
#: Yes or no.
Switch = Annotated[bool, _SWITCH]


@dataclass(frozen=True, slots=True)
class Knobs:
    """How the stand-in behaves. The defaults make a friendly platform without faults."""

    #: Seconds from the POST until a media is Online (or Failed, or Pending Review).
    processing: Range = (2.0, 4.0)
    #: Whether listings show a media as soon as it is created, or only once it is processed.
    listed_from: Literal["created", "online"] = "created"
    #: Whether listings show media that failed.
    list_failed: Switch = True
    #: Seconds after the POST before any listing shows a media: the lag of a search index.
    list_delay: Range = (0.0, 0.0)
    #: Chance that a listing misses an item that should be there.
    list_omits: Chance = 0.0
    #: Most media per page of a listing, however many are requested; a page is never empty.
    page_limit: Count = 100
    #: What `PageNumber` does: gives that page, nothing (the first page each time), or the last page
    #: again for every number beyond it.
    page_number: Literal["exact", "ignored", "clamped"] = "exact"
    #: What `?referenceId=` does: finds equal ones, nothing at all, or those that contain it.
    reference_filter: Literal["exact", "ignored", "contains"] = "exact"
    #: What a POST does if its referenceId exists already: a second video, or a 409.
    duplicate_reference: Literal["accept", "refuse"] = "accept"
    #: Whether `listResult.items` is the list, or an object that holds it (the guide has both).
    items_shape: Literal["flat", "nested"] = "flat"
    #: How status words are spelled.
    status_case: Literal["as-is", "lower", "upper"] = "as-is"
    #: Whether an ingest is "Queued" for the first quarter of its processing time.
    queued: Switch = False
    #: Fraction of media that end as "Pending Review" instead of Online.
    pending_review: Chance = 0.0
    #: Fraction of ingests that end as Failed; each new attempt of a reference draws anew.
    failing: Chance = 0.0
    #: Fraction of POSTs refused with 400 or 422; the same video is refused every time.
    rejecting: Chance = 0.0
    #: Calls per second that are accepted; 0 for no limit.
    rate_limit: Amount = 0.0
    #: Calls that are accepted at once after a pause, if there is a rate limit.
    burst: Count = 10
    #: How a 429 or 503 says how long to wait.
    retry_after: Literal["seconds", "date", "none"] = "seconds"
    #: The shape of an error's body.
    error_body: Literal["message", "problem", "html", "empty"] = "message"
    #: The status of an answer to wrong credentials.
    credentials_status: Literal[401, 403] = 401
    #: A duration as "00:00:04", as the number 4, or as the text "4".
    duration_format: Literal["clock", "seconds", "text"] = "clock"
    #: Seconds before an answer.
    latency: Range = (0.0, 0.0)
    #: Chance that the connection is cut before the call is carried out.
    lost_request: Chance = 0.0
    #: Chance that the call is carried out and the connection cut before the answer.
    lost_reply: Chance = 0.0
    #: Chance of a 500 for a call that was not carried out.
    error_before: Chance = 0.0
    #: Chance of a 502 for a call that was carried out.
    error_after: Chance = 0.0
    #: Chance that a call is carried out and nothing is answered for `hang_seconds`.
    hang: Chance = 0.0
    #: How long a hanging call hangs before its connection is closed.
    hang_seconds: Amount = 60.0
    #: Chance that a call is carried out and its answer breaks off in the middle.
    truncated: Chance = 0.0
    #: Chance of a 503 for a call that was not carried out.
    unavailable: Chance = 0.0
    #: Spans of seconds since the start in which every call is cut.
    outages: Ranges = ()
    #: Fraction of Online videos whose player page fails (500).
    embed_fails: Chance = 0.0
    #: Media that are in the account from the start.
    existing: Count = 0
    #: Media per second that others add to the account.
    foreign_rate: Amount = 0.0
    #: How many times per second others delete media of theirs, from the first listing on.
    deletion_rate: Amount = 0.0
    #: Media that others delete each time; they are next to each other in the list.
    deletion_size: Count = 1

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object]) -> Self:
        """Read knobs as a person writes them, in a settings file or on a command line.

        Names may have `-` for `_`; values may be text.

        Raises:
            UsageError: an unknown name, or a value of another form.
        """
        hints = get_type_hints(cls, include_extras=True)
        values: dict[str, Any] = {}
        for given, value in mapping.items():
            name = str(given).strip().replace("-", "_")
            if name not in hints:
                raise _unknown(str(given), list(hints))
            values[name] = _read(name, hints[name], value)
        return cls(**values)


def _unknown(name: str, known: list[str]) -> UsageError:
    near = difflib.get_close_matches(name.lower().replace("-", "_"), known, n=1, cutoff=0.5)
    hint = f"Did you mean '{near[0]}'?" if near else f"Known are: {', '.join(known)}."
    return UsageError(f"The sandbox has no knob '{name}'.", hint)


def _read(name: str, hint: Any, value: object) -> object:
    """Turn a value into what the field's type says, or tell which form is expected."""
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        form = "one of " + ", ".join(str(choice) for choice in choices)
        reader: Callable[[object], object] = lambda given: _choice(choices, given)  # noqa: E731
    else:
        form = get_args(hint)[1]
        reader = _READERS[form]
    try:
        return reader(value)
    except (ValueError, TypeError, OverflowError):
        raise UsageError(
            f"The sandbox's knob '{name}' cannot be {value!r}.", f"Expected is {form}."
        ) from None


def _choice(choices: tuple[object, ...], value: object) -> object:
    spelled = {str(choice): choice for choice in choices}
    word = str(value).strip().lower()
    if isinstance(value, bool) or word not in spelled:
        raise ValueError
    return spelled[word]


def _amount(value: object) -> float:
    # bool is an int in Python; `latency: true` is a slip, not one second.
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError
    number = float(value)
    if not 0 <= number < float("inf"):
        raise ValueError
    return number


def _chance(value: object) -> float:
    number = _amount(value)
    if number > 1:
        raise ValueError
    return number


def _count(value: object) -> int:
    number = _amount(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _range(value: object) -> tuple[float, float]:
    if isinstance(value, str):
        match = re.fullmatch(r"\s*([\d.]+)\s*(?:-|\.\.)\s*([\d.]+)\s*", value)
        value = match.groups() if match else (value, value)
    elif not isinstance(value, (list, tuple)):
        value = (value, value)
    low, high = (_amount(end) for end in value)
    if low > high:
        raise ValueError
    return low, high


def _ranges(value: object) -> tuple[tuple[float, float], ...]:
    if isinstance(value, str):
        value = [part for part in value.split(",") if part.strip()]
    if not isinstance(value, (list, tuple)):
        raise TypeError
    spans = tuple(_range(span) for span in value)
    if any(low == high for low, high in spans):
        raise ValueError
    return spans


def _switch(value: object) -> bool:
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    word = str(value).strip().lower()
    if word not in words:
        raise ValueError
    return words[word]


_READERS: dict[str, Callable[[object], object]] = {
    _CHANCE: _chance,
    _AMOUNT: _amount,
    _COUNT: _count,
    _RANGE: _range,
    _RANGES: _ranges,
    _SWITCH: _switch,
}
