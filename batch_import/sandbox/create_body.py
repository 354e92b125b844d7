"""The body of a POST, as the guide documents it. Pure."""

from urllib.parse import urlsplit

from batch_import.sandbox.replies import Refusal

#: The documented formats (guide, "Supported File Formats").
FORMATS = frozenset({"mp4", "mov", "avi", "wmv", "mkv", "webm", "3gp"})


def read_create_body(body: object) -> dict[str, str]:
    """Read the four fields, without white space around them (guide, "Request Parameters").

    Raises:
        Refusal: 400, with all faults of the body at once.
    """
    if not isinstance(body, dict):
        raise Refusal(400, "The body is not a JSON object.")
    names = ("sourceUrl", "filename", "extension", "referenceId")
    given = {name: "" if body.get(name) is None else body[name] for name in names}
    faults = {name: "It must be text." for name in names if not isinstance(given[name], str)}
    fields = {name: value.strip() for name, value in given.items() if isinstance(value, str)}
    if "sourceUrl" in fields and not _is_web_url(fields["sourceUrl"]):
        faults["sourceUrl"] = "It must be an http or https URL."
    if fields.get("filename") == "":
        faults["filename"] = "It is required."
    if "extension" in fields and fields["extension"].removeprefix(".").lower() not in FORMATS:
        faults["extension"] = "It is not a supported format."
    if faults:
        raise Refusal(400, "One or more fields are not valid.", fields=faults)
    return fields


def _is_web_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False
