"""Embed codes and URLs of a media.

The markup comes from the Viostream API guide (step 4). Facts that the guide does not contain come
from the vendor's own client or help pages, as noted at each of them.
"""

from functools import lru_cache
from html import escape
from typing import Final, Literal
from urllib.parse import quote

from batch_import.configuration.base_urls import EMBED_BASE

#: Width and height in pixels if the size of the video is not known. The guide has the same aspect
#: ratio, and the vendor's oEmbed responses have the same size.
DEFAULT_PICTURE_SIZE: Final = (640, 360)
#: Base URL of the public pages that each show one video (vendor's client).
_SHARE_BASE: Final = "https://share.viostream.com"
#: The same, percent-encoded as a part of a query.
_ENCODED_SHARE_BASE: Final = quote(_SHARE_BASE, safe="")


def embed_url(base: str, key: str, player_key: str = "") -> str:
    """Returns the URL of the player page, for example `https://play.viostream.com/iframe/{key}`.

    Args:
        base: base URL of the player.
        key: media key.
        player_key: key of the player to use (vendor's client); empty for the account's default.
    """
    player_query = f"?playerKey={quote(player_key, safe='')}" if player_key else ""
    return f"{base}/iframe/{_percent_encoded(key)}{player_query}"


def share_url(base: str, key: str) -> str:
    """Returns the URL of the public page of a video, for links.

    Empty if `base`, the base URL of the player, is not that of Viostream's own player.
    """
    return f"{_SHARE_BASE}/{_percent_encoded(key)}" if base == EMBED_BASE else ""


def oembed_url(base: str, key: str) -> str:
    """Returns the oEmbed URL (vendor's help pages); empty if `share_url` is empty."""
    if not share_url(base, key):
        return ""
    # Encoded twice: once in the path of the page's URL, and once because this URL is in a query.
    twice_encoded_key = _percent_encoded(_percent_encoded(key))
    return f"{base}/oembed?url={_ENCODED_SHARE_BASE}%2F{twice_encoded_key}"


def _percent_encoded(text: str) -> str:
    """Returns percent-encoded text. Fast for media keys, which are ASCII letters and digits."""
    return text if text.isascii() and text.isalnum() else quote(text, safe="")


def embed_code(
    url: str,
    shape: Literal["responsive", "fixed"] = "responsive",
    size: tuple[int, int] | None = None,
    title: str = "",
) -> str:
    """Returns the embed code: the HTML of the Viostream API guide, on one line for one cell.

    Args:
        url: URL of the player page.
        shape: `responsive` is the HTML of the guide. `fixed` is only the `<iframe>` of this HTML,
            640 pixels wide, as in the vendor's oEmbed responses.
        size: width and height of the picture in pixels, for the aspect ratio; None for 16:9.
        title: value of the attribute `title`, which the guide does not use; empty for none.
    """
    opening, closing = _markup(shape, size or DEFAULT_PICTURE_SIZE)
    label = escape(" ".join(title.split())) if title else ""
    title_attribute = f' title="{label}"' if label else ""
    return f'{opening} src="{escape(url)}"{title_attribute}{closing}'


@lru_cache
def _markup(shape: str, size: tuple[int, int]) -> tuple[str, str]:
    """Returns the HTML before and after the attributes `src` and `title`."""
    width, height = size
    closing = (
        ' referrerpolicy="strict-origin-when-cross-origin"'
        ' allow="autoplay; encrypted-media; picture-in-picture"'
        ' allowfullscreen frameBorder="0"'
    )
    if shape == "fixed":
        fixed_height = round(DEFAULT_PICTURE_SIZE[0] * height / width)
        return (
            f'<iframe width="{DEFAULT_PICTURE_SIZE[0]}" height="{fixed_height}"',
            f"{closing}></iframe>",
        )
    padding = f"{100 * height / width:.4f}".rstrip("0").rstrip(".")
    box = f'<div style="padding-bottom:{padding}%; position:relative; display:block; width:100%">'
    return (
        f'{box}<iframe width="100%" height="100%"',
        f'{closing} style="position:absolute; top: 0; left: 0"></iframe></div>',
    )
