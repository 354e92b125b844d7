"""How a media is embedded, shared and found by oEmbed. Pure.

The markup is the guide's (step 4). What the guide does not show is taken from the vendor's own
client and help pages, and said so; no markup is made up here.
"""

from functools import lru_cache
from html import escape
from typing import Final, Literal
from urllib.parse import quote

from batch_import.configuration.base_urls import EMBED_BASE

#: The guide's ratio, and the size of the vendor's oEmbed answers.
DEFAULT_SIZE: Final = (640, 360)
#: The page that shows a media by itself (vendor's client).
_SHARE_BASE: Final = "https://share.viostream.com"
_QUOTED_SHARE_BASE: Final = quote(_SHARE_BASE, safe="")


def embed_url(base: str, key: str, player_key: str = "") -> str:
    """The page that plays a media, e.g. `https://play.viostream.com/iframe/{key}`.

    Args:
        player_key: of the player to show it in (vendor's client); empty for the account's own.
    """
    player = f"?playerKey={quote(player_key, safe='')}" if player_key else ""
    return f"{base}/iframe/{_quoted(key)}{player}"


def share_url(base: str, key: str) -> str:
    """The page to link to, for a media on Viostream's own player; elsewhere none is known."""
    return f"{_SHARE_BASE}/{_quoted(key)}" if base == EMBED_BASE else ""


def oembed_url(base: str, key: str) -> str:
    """What a page's oEmbed consumer asks (vendor's help pages), as `share_url`."""
    page = share_url(base, key)
    return f"{base}/oembed?url={_QUOTED_SHARE_BASE}%2F{_quoted(_quoted(key))}" if page else ""


def _quoted(text: str) -> str:
    """As part of an address; keys are letters and digits, of which there is nothing to quote."""
    return text if text.isascii() and text.isalnum() else quote(text, safe="")


def embed_code(
    url: str,
    shape: Literal["responsive", "fixed"] = "responsive",
    size: tuple[int, int] | None = None,
    title: str = "",
) -> str:
    """The guide's markup, attribute for attribute, on one line: one cell. No script is in it.

    Args:
        shape: `responsive` is the guide's; `fixed` is its `<iframe>` alone, as wide as the
            vendor's oEmbed answers.
        size: width and height of the picture in pixels, for the ratio; None for 16:9.
        title: for the `title=` attribute, which the guide's markup has not; empty leaves it out.
    """
    before, after = _markup(shape, size or DEFAULT_SIZE)
    label = escape(" ".join(title.split())) if title else ""
    named = f' title="{label}"' if label else ""
    return f'{before} src="{escape(url)}"{named}{after}'


@lru_cache
def _markup(shape: str, size: tuple[int, int]) -> tuple[str, str]:
    """What stands before and after the address and the title."""
    width, height = size
    after = (
        ' referrerpolicy="strict-origin-when-cross-origin"'
        ' allow="autoplay; encrypted-media; picture-in-picture"'
        ' allowfullscreen frameBorder="0"'
    )
    if shape == "fixed":
        high = round(DEFAULT_SIZE[0] * height / width)
        return f'<iframe width="{DEFAULT_SIZE[0]}" height="{high}"', f"{after}></iframe>"
    padding = f"{100 * height / width:.4f}".rstrip("0").rstrip(".")
    box = f'<div style="padding-bottom:{padding}%; position:relative; display:block; width:100%">'
    return (
        f'{box}<iframe width="100%" height="100%"',
        f'{after} style="position:absolute; top: 0; left: 0"></iframe></div>',
    )
