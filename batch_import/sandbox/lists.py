"""Lists of an account's media, and how each media is shown in them. Pure.

This file must not know what a call is, nor what goes wrong on its way.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.media import Catalogue, SandboxMedia, status_of
from batch_import.sandbox.replies import Refusal, iso_date

#: The platform's own limit of a page (seen in the vendor's client), and a usual page.
MAX_PAGE, USUAL_PAGE = 100, 25


class MediaLists:
    """What `GET /media` answers.

    Args:
        origin: the address that thumbnails are given under.
        chance: draws whether something of a probability happens.
    """

    def __init__(self, knobs: Knobs, origin: str, chance: Callable[[float], bool]) -> None:
        self._knobs = knobs
        self.origin = origin
        self._chance = chance

    def page(self, catalogue: Catalogue, query: Mapping[str, str], now: float) -> object:
        """A page of the list that a query asks for.

        Raises:
            Refusal: the query is not valid.
        """
        limit = max(1, min(MAX_PAGE, self._knobs.page_limit))
        size = min(limit, _whole(query, "PageSize", USUAL_PAGE))
        number = _whole(query, "PageNumber", 1)
        if self._knobs.page_number == "ignored":
            number = 1
        total, rest = self._sorted(catalogue, query, (number - 1) * size, now)
        last = max(1, -(-total // size))
        if self._knobs.page_number == "clamped" and number > last:
            number = last
            total, rest = self._sorted(catalogue, query, (number - 1) * size, now)
        page, missed = self._filled(rest, size)
        items = [self.item(media, now) for media in page]
        total -= missed
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
        """Count what a listing holds, and give it in its order from `start` on."""
        by_title, downwards = _order(query)
        reference = query.get("referenceid", "")
        if self._knobs.reference_filter == "ignored":
            reference = ""
        term = query.get("searchterm", "").strip()
        if downwards and not (by_title or reference or term):
            return catalogue.newest_from(start, now)
        found = list(catalogue.matching(reference, term, now))
        if by_title:
            found.sort(key=lambda media: media.title.casefold(), reverse=downwards)
        elif not downwards:
            found.reverse()
        return len(found), iter(found[start:])

    def _filled(self, rest: Iterable[SandboxMedia], size: int) -> tuple[list[SandboxMedia], int]:
        """Fill a page, missing what `list_omits` says; return it and how many it misses."""
        if self._knobs.list_omits == 0:
            return list(islice(rest, size)), 0
        page: list[SandboxMedia] = []
        missed = 0
        for media in rest:
            if self._chance(self._knobs.list_omits):
                missed += 1
            else:
                page.append(media)
                if len(page) == size:
                    break
        return page, missed

    def item(self, media: SandboxMedia, now: float) -> dict[str, object]:
        """Tell of a media as the guide's "Media Detail Response" does."""
        # Nobody knows a video's length or picture before it is processed.
        ready = now >= media.online_at and not media.failed
        return {
            "id": media.id,
            "key": media.key,
            "title": media.title,
            "description": None,
            "duration": self._duration(media) if ready else None,
            "status": self.status(media, now),
            "createdDate": iso_date(media.created),
            "referenceId": media.reference_id or None,
            "thumbnail": f"{self.origin}/thumbnails/{media.key}.svg" if ready else None,
        }

    def _duration(self, media: SandboxMedia) -> object:
        if self._knobs.duration_format == "clock":
            return f"00:00:{media.seconds:02}"
        return media.seconds if self._knobs.duration_format == "seconds" else str(media.seconds)

    def status(self, media: SandboxMedia, now: float) -> str:
        """A media's status word, spelled as the knobs say."""
        word = status_of(media, self._knobs, now)
        if self._knobs.status_case == "lower":
            return word.lower()
        return word.upper() if self._knobs.status_case == "upper" else word


def _whole(query: Mapping[str, str], name: str, usual: int) -> int:
    """Read a number from 1; whatever is none, is refused."""
    text = query.get(name.lower(), "") or str(usual)
    # isdecimal() alone takes digits of every script, and int() refuses very long ones.
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) >= 1):  # noqa: PLR2004
        raise Refusal(400, "The query is not valid.", fields={name: "It must be 1 or more."})
    return int(text)


def _order(query: Mapping[str, str]) -> tuple[bool, bool]:
    """Read the order of a listing: whether by title, and whether downwards."""
    column = (query.get("sortcolumn") or "CreatedDate").lower()
    if column not in {"title", "createddate"}:
        message = "It must be Title or CreatedDate."
        raise Refusal(400, "The query is not valid.", fields={"SortColumn": message})
    by_title = column == "title"
    order = (query.get("sortorder") or ("asc" if by_title else "desc")).lower()
    if order not in {"asc", "desc"}:
        raise Refusal(400, "The query is not valid.", fields={"SortOrder": "asc or desc."})
    return by_title, order == "desc"
