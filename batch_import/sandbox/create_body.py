"""Validates the body of `POST /media/new` by the rules of the Viostream API guide."""

from urllib.parse import urlsplit

from batch_import.sandbox.replies import Refusal

#: Documented file extensions (Viostream API guide, "Supported File Formats").
FORMATS = frozenset({"mp4", "mov", "avi", "wmv", "mkv", "webm", "3gp"})


def read_create_body(body: object) -> dict[str, str]:
    """Returns the four fields of the body without surrounding white space; empty if missing.

    Source: Viostream API guide, "Request Parameters".

    Raises:
        Refusal: the body is not valid; status 400, with the errors of all fields.
    """
    if not isinstance(body, dict):
        raise Refusal(400, "The body is not a JSON object.")
    field_names = ("sourceUrl", "filename", "extension", "referenceId")
    fields: dict[str, str] = {}
    errors: dict[str, str] = {}
    for name in field_names:
        value = body.get(name)
        if value is None:
            fields[name] = ""
        elif isinstance(value, str):
            fields[name] = value.strip()
        else:
            errors[name] = "It must be text."
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
