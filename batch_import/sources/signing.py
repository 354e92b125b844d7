"""Returns a temporary URL for the reference of a row, by the source of the reference's scheme.

A *reference* such as `s3://bucket/key` names a file in cloud storage. To *sign* a reference is to
create a temporary URL from which anybody can download the file.
"""

from dataclasses import dataclass

from batch_import.addresses.objects import parse_reference
from batch_import.sources import registry
from batch_import.sources.source import (
    ReferenceRefused,
    SigningFailed,
    SigningSource,
    SourceUnavailable,
)


@dataclass(frozen=True, slots=True)
class SignedUrl:
    """A temporary URL. It is a secret; therefore it is not part of `repr()`.

    Attributes:
        url: the URL.
        seconds: number of seconds for which the URL is valid.
    """

    url: str
    seconds: int

    def __repr__(self) -> str:
        """Returns the text without the URL."""
        return f"SignedUrl(seconds={self.seconds})"


@dataclass(frozen=True, slots=True)
class UrlSigner:
    """Returns temporary URLs for references. Thread-safe.

    Args:
        link_life: number of seconds for which a URL should be valid. A source may allow only less.
    """

    link_life: float

    def sign(self, source_url: str) -> SignedUrl | None:
        """Returns a temporary URL for a reference; None for a web URL, which needs no signature.

        Args:
            source_url: the source URL of a row: a reference or a web URL.

        Raises:
            ReferenceRefused: this reference cannot be signed, now and later.
            SigningFailed: this reference could not be signed this time.
            SourceUnavailable: no reference can be signed at present.
        """
        reference = None if source_url.startswith("http") else parse_reference(source_url)
        if reference is None:
            return None
        if not registry.is_signed_scheme(reference.scheme):
            raise ReferenceRefused(f"{reference.scheme}: is no source that can sign URLs.")
        source = registry.source_of(reference.scheme)
        assert isinstance(source, SigningSource)  # noqa: S101 - is_signed_scheme says so
        seconds = max(1, int(min(self.link_life, source.max_url_seconds)))
        try:
            return SignedUrl(source.signed_url(source_url, seconds), seconds)
        except (ReferenceRefused, SigningFailed, SourceUnavailable):
            raise
        except Exception as error:  # a source of another package may raise any exception
            raise SigningFailed(
                f"{source_url}: the source {reference.scheme}: failed ({type(error).__name__})"
            ) from error
