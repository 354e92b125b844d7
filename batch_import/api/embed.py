"""The embed code of a media (guide, step 4). Pure."""

from html import escape
from urllib.parse import quote


def embed_url(base: str, key: str) -> str:
    """The page that plays a media, e.g. `https://play.viostream.com/iframe/{key}`."""
    return f"{base}/iframe/{quote(key, safe='')}"


def embed_code(url: str) -> str:
    """The guide's responsive markup, attribute for attribute, on one line: one cell."""
    return (
        '<div style="padding-bottom:56.25%; position:relative; display:block; width:100%">'
        f'<iframe width="100%" height="100%" src="{escape(url)}"'
        ' referrerpolicy="strict-origin-when-cross-origin"'
        ' allow="autoplay; encrypted-media; picture-in-picture"'
        ' allowfullscreen frameBorder="0"'
        ' style="position:absolute; top: 0; left: 0"></iframe></div>'
    )
