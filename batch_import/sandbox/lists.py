"""The lists of an account's media, and the JSON of a media in them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.media import Catalogue, SandboxMedia, status_of
from batch_import.sandbox.replies import Refusal, iso_date

#: Maximum number of media per page (vendor's client), and the number if none is requested.
MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE = 100, 25


class MediaListReplies:
    """The responses of `GET /media`.

    Args:
        knobs: how the lists behave.
        origin: base URL of thumbnails.
        happens: whether an event with the given probability happens this time.
    """

    def __init__(self, knobs: Knobs, origin: str, happens: Callable[[float], bool]) -> None:
        self._knobs = knobs
        self.origin = origin
        self._happens = happens

    def page(self, catalogue: Catalogue, query: Mapping[str, str], now: float) -> object:
        """Returns the requested page of a list, as JSON.

        Raises:
            Refusal: the query is not valid.
        """
        limit = max(1, min(MAX_PAGE_SIZE, self._knobs.page_limit))
        size = min(limit, _positive_integer(query, "PageSize", DEFAULT_PAGE_SIZE))
        number = _positive_integer(query, "PageNumber", 1)
        if self._knobs.page_number == "ignored":
            number = 1
        total, media = self._sorted(catalogue, query, (number - 1) * size, now)
        last_number = max(1, -(-total // size))
        if self._knobs.page_number == "clamped" and number > last_number:
            number = last_number
            total, media = self._sorted(catalogue, query, (number - 1) * size, now)
        page, omitted = self._fill_page(media, size)
        items = [self.item(each, now) for each in page]
        total -= omitted
        result = {
            "items": {"items": items} if self._knobs.items_shape == "nested" else items,
            "totalItems": total,
            "totalPages": -(-total // size),
            "pageNumber": number,
            "pageSize": size,
        }
        return {"listResult": result}

    def _sorted(
        self, catalogue: Catalogue, query: Mapping[str, str], start: int, now: float
    ) -> tuple[int, Iterator[SandboxMedia]]:
        """Returns the number of media in the list, and an iterator from index `start` on."""
        by_title, descending = _sort_order(query)
        reference = query.get("referenceid", "")
        if self._knobs.reference_filter == "ignored":
            reference = ""
        term = query.get("searchterm", "").strip()
        if descending and not (by_title or reference or term):
            return catalogue.newest_from(start, now)
        found = list(catalogue.matching(reference, term, now))
        if by_title:
            found.sort(key=lambda media: media.title.casefold(), reverse=descending)
        elif not descending:
            found.reverse()
        return len(found), iter(found[start:])

    def _fill_page(
        self, listed: Iterable[SandboxMedia], size: int
    ) -> tuple[list[SandboxMedia], int]:
        """Returns the media of a page, and how many media were omitted because of `list_omits`."""
        if self._knobs.list_omits == 0:
            return list(islice(listed, size)), 0
        page: list[SandboxMedia] = []
        omitted = 0
        for media in listed:
            if self._happens(self._knobs.list_omits):
                omitted += 1
            else:
                page.append(media)
                if len(page) == size:
                    break
        return page, omitted

    def item(self, media: SandboxMedia, now: float) -> dict[str, object]:
        """Returns the JSON of a media (Viostream API guide, "Media Detail Response")."""
        # Duration and picture are not known before the processing ends.
        is_processed = now >= media.online_at and not media.failed
        return {
            "id": media.id,
            "key": media.key,
            "title": media.title,
            "description": None,
            "duration": self._duration(media) if is_processed else None,
            "status": self.status(media, now),
            "createdDate": iso_date(media.created),
            "referenceId": media.reference_id or None,
            "thumbnail": f"{self.origin}/thumbnails/{media.key}.svg" if is_processed else None,
        }

    def _duration(self, media: SandboxMedia) -> object:
        if self._knobs.duration_format == "clock":
            return f"00:00:{media.seconds:02}"
        return media.seconds if self._knobs.duration_format == "seconds" else str(media.seconds)

    def status(self, media: SandboxMedia, now: float) -> str:
        """Returns the status of a media in the letter case of `status_case`."""
        status = status_of(media, self._knobs, now)
        if self._knobs.status_case == "lower":
            return status.lower()
        return status.upper() if self._knobs.status_case == "upper" else status


def _positive_integer(query: Mapping[str, str], name: str, default: int) -> int:
    """Returns a number of the query, at least 1.

    Raises:
        Refusal: the parameter is not such a number.
    """
    text = query.get(name.lower(), "") or str(default)
    # isdecimal() accepts the digits of every script, and int() refuses very long numbers.
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) >= 1):  # noqa: PLR2004
        raise Refusal(400, "The query is not valid.", fields={name: "It must be 1 or more."})
    return int(text)


def _sort_order(query: Mapping[str, str]) -> tuple[bool, bool]:
    """Returns the order of the list: whether by title, and whether descending."""
    column = (query.get("sortcolumn") or "CreatedDate").lower()
    if column not in {"title", "createddate"}:
        message = "It must be Title or CreatedDate."
        raise Refusal(400, "The query is not valid.", fields={"SortColumn": message})
    by_title = column == "title"
    order = (query.get("sortorder") or ("asc" if by_title else "desc")).lower()
    if order not in {"asc", "desc"}:
        raise Refusal(400, "The query is not valid.", fields={"SortOrder": "asc or desc."})
    return by_title, order == "desc"
