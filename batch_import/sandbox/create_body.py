"""Validates the body of `POST /media/new`, as the Viostream API guide documents it."""

from urllib.parse import urlsplit

from batch_import.sandbox.replies import Refusal

#: Documented file extensions (Viostream API guide, "Supported File Formats").
FORMATS = frozenset({"mp4", "mov", "avi", "wmv", "mkv", "webm", "3gp"})


def read_create_body(body: object) -> dict[str, str]:
    """Returns the four fields without surrounding white space.

    Source: Viostream API guide, "Request Parameters".

    Raises:
        Refusal: status 400, with the errors of all fields.
    """
    if not isinstance(body, dict):
        raise Refusal(400, "The body is not a JSON object.")
    field_names = ("sourceUrl", "filename", "extension", "referenceId")
    values = {name: "" if body.get(name) is None else body[name] for name in field_names}
    errors = {name: "It must be text." for name in field_names if not isinstance(values[name], str)}
    fields = {name: value.strip() for name, value in values.items() if isinstance(value, str)}
    if "sourceUrl" in fields and not _is_web_url(fields["sourceUrl"]):
        errors["sourceUrl"] = "It must be an http or https URL."
    if fields.get("filename") == "":
        errors["filename"] = "It is required."
    if "extension" in fields and fields["extension"].removeprefix(".").lower() not in FORMATS:
        errors["extension"] = "It is not a supported format."
    if errors:
        raise Refusal(400, "One or more fields are not valid.", fields=errors)
    return fields


def _is_web_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False
