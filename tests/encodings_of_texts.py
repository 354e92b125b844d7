"""Encodings of texts, as servers and web frameworks use them for error messages and pages."""

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus


def _all_as_json(text: str) -> str:
    units = text.encode("utf-16-be", "surrogatepass").hex()
    return re.sub("....", lambda unit: f"\\u{unit[0]}", units)


ENCODINGS: dict[str, Callable[[str], str]] = {
    "percent": lambda text: quote(text, safe=""),
    "percent, but slashes": quote,
    "percent, lower case": lambda text: re.sub(
        "%..", lambda escape: escape[0].lower(), quote(text, safe="")
    ),
    "form": quote_plus,
    "HTML": html.escape,
    "HTML, hexadecimal": lambda text: re.sub(
        "[<>&'\"+/=]", lambda match: f"&#x{ord(match[0]):X};", text
    ),
    "HTML, decimal": lambda text: "".join(f"&#{ord(character)};" for character in text),
    "HTML, named": lambda text: html.escape(text).replace("+", "&plus;").replace("=", "&equals;"),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON, slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON for HTML": lambda text: re.sub(
        "[+&<>'=]", lambda match: f"\\u{ord(match[0]):04X}", json.dumps(text)[1:-1]
    ),
    "JSON, all": _all_as_json,
    "space for +": lambda text: text.replace("+", " "),
    "+ for space": lambda text: text.replace(" ", "+"),
}


def encoded(text: str, names: Iterable[str]) -> str:
    """Returns a text with several encodings, one after the other."""
    for name in names:
        text = ENCODINGS[name](text)
    return text


def decoded(text: str) -> Iterator[str]:
    """Yields the texts that a person can get by decoding a text, in any order."""
    known = {text}
    pending = [text]
    while pending:
        text = pending.pop()
        yield text
        for decode in (unquote, unquote_plus, html.unescape, _from_json):  # noqa: TID251
            other = decode(text)
            if other not in known and len(known) < 50:
                known.add(other)
                pending.append(other)


def _from_json(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text
