"""The lists of an account's media, and the JSON of each media in a list."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.media import Catalogue, SandboxMedia, status_of
from batch_import.sandbox.replies import Refusal, iso_date

#: Maximum number of media per page (vendor's client), and the number if the query has no PageSize.
MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE = 100, 25


class MediaListReplies:
    """The responses of `GET /media`.

    Args:
        knobs: how the lists behave.
        origin: base URL of thumbnails.
        happens: for a probability from 0 to 1, decides at random whether an event happens.
    """

    def __init__(self, knobs: Knobs, origin: str, happens: Callable[[float], bool]) -> None:
        self._knobs = knobs
        self.origin = origin
        self._happens = happens

    def page(self, catalogue: Catalogue, query: Mapping[str, str], now: float) -> object:
        """Returns the requested page of a list, as a JSON value.

        Args:
            catalogue: the media of the account.
            query: query parameters of the request, with names in lower case.
            now: epoch seconds.

        Raises:
            Refusal: the query is not valid.
        """
        has_reference = bool(query.get("referenceid"))
        if has_reference and self._knobs.reference_filter == "missing":
            raise Refusal(404, "There is nothing here.")
        limit = max(1, min(MAX_PAGE_SIZE, self._knobs.page_limit))
        size = min(limit, _positive_integer(query, "PageSize", DEFAULT_PAGE_SIZE))
        page_number = _positive_integer(query, "PageNumber", 1)
        if self._knobs.page_number == "ignored":
            page_number = 1
        total, media = self._sorted(catalogue, query, (page_number - 1) * size, now)
        if has_reference and not total and self._knobs.reference_filter == "exact-or-404":
            raise Refusal(404, "There is no such media.")
        last_page_number = max(1, math.ceil(total / size))
        if self._knobs.page_number == "clamped" and page_number > last_page_number:
            page_number = last_page_number
            total, media = self._sorted(catalogue, query, (page_number - 1) * size, now)
        page, omitted_count = self._fill_page(media, size)
        items = [self.item(each, now) for each in page]
        total -= omitted_count
        result = {
            "items": {"items": items} if self._knobs.items_shape == "nested" else items,
            "totalItems": total,
            "totalPages": math.ceil(total / size),
            "pageNumber": page_number,
            "pageSize": size,
        }
        return {"listResult": result}

    def _sorted(
        self, catalogue: Catalogue, query: Mapping[str, str], start: int, now: float
    ) -> tuple[int, Iterator[SandboxMedia]]:
        """Returns the number of media in the list, and its media from index `start` on."""
        is_by_title, is_descending = _sort_order(query)
        if self._knobs.list_order == "oldest-first" and not is_by_title:
            is_descending = False
        reference = query.get("referenceid", "")
        if self._knobs.reference_filter == "ignored":
            reference = ""
        term = query.get("searchterm", "").strip()
        is_unfiltered = not (reference or term)
        if is_unfiltered and is_descending and not is_by_title:
            return catalogue.newest_from(start, now)
        media_list = list(catalogue.matching(reference, term, now))
        if is_by_title:
            media_list.sort(key=lambda media: media.title.casefold(), reverse=is_descending)
        elif not is_descending:
            media_list.reverse()
        return len(media_list), iter(media_list[start:])

    def _fill_page(
        self, listed: Iterable[SandboxMedia], size: int
    ) -> tuple[list[SandboxMedia], int]:
        """Returns the media of a page, and how many media were omitted by the knob `list_omits`."""
        if self._knobs.list_omits == 0:
            return list(islice(listed, size)), 0
        page: list[SandboxMedia] = []
        omitted_count = 0
        for media in listed:
            if self._happens(self._knobs.list_omits):
                omitted_count += 1
            else:
                page.append(media)
                if len(page) == size:
                    break
        return page, omitted_count

    def item(self, media: SandboxMedia, now: float) -> dict[str, object]:
        """Returns a media as a JSON value (Viostream API guide, "Media Detail Response")."""
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
        """Returns the status of a media in the letter case of the knob `status_case`."""
        status = status_of(media, self._knobs, now)
        if self._knobs.status_case == "lower":
            return status.lower()
        return status.upper() if self._knobs.status_case == "upper" else status


def _positive_integer(query: Mapping[str, str], name: str, default: int) -> int:
    """Returns the value of a query parameter, or `default` if the query does not have it.

    Raises:
        Refusal: the value is not a number from 1 to 999,999,999.
    """
    text = query.get(name.lower(), "") or str(default)
    # isdecimal() accepts the digits of every script, and int() refuses very long numbers.
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) >= 1):  # noqa: PLR2004
        raise Refusal(400, "The query is not valid.", fields={name: "It must be 1 or more."})
    return int(text)


def _sort_order(query: Mapping[str, str]) -> tuple[bool, bool]:
    """Returns the order of the list: whether it is by title, and whether it is descending.

    Raises:
        Refusal: the query has another column or order.
    """
    column = (query.get("sortcolumn") or "CreatedDate").lower()
    if column not in {"title", "createddate"}:
        message = "It must be Title or CreatedDate."
        raise Refusal(400, "The query is not valid.", fields={"SortColumn": message})
    is_by_title = column == "title"
    order = (query.get("sortorder") or ("asc" if is_by_title else "desc")).lower()
    if order not in {"asc", "desc"}:
        raise Refusal(400, "The query is not valid.", fields={"SortOrder": "asc or desc."})
    return is_by_title, order == "desc"
