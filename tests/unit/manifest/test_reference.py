"""Made referenceIds: the same video keeps its own, whatever its URL is signed with."""

import re

import pytest

from batch_import.manifest.reference import made_reference, unsigned

PLAIN = "https://example.com/a.mp4"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (PLAIN, PLAIN),
        (f"{PLAIN}?X-Amz-Date=1&x-amz-signature=2", PLAIN),
        (f"{PLAIN}?X-Goog-Expires=1&GoogleAccessId=a%40b&Expires=2&Signature=3", PLAIN),
        (f"{PLAIN}?Policy=p&Signature=s&Key-Pair-Id=k", PLAIN),
        (f"{PLAIN}?sv=1&se=2&sp=r&sr=b&st=3&spr=https&sig=x", PLAIN),
        (f"{PLAIN}?v=1&token=x&w=2#t=3", f"{PLAIN}?v=1&w=2#t=3"),
        (f"{PLAIN}?X%2DAmz%2DDate=1", PLAIN),
        (f"{PLAIN}?st=30&se=60", f"{PLAIN}?st=30&se=60"),
        (f"{PLAIN}?versionId=7&AWSAccessKeyId=x", f"{PLAIN}?versionId=7"),
        (f"{PLAIN}#a?token=1", f"{PLAIN}#a?token=1"),
        (f"{PLAIN}?", f"{PLAIN}?"),
        ("TO DO?", "TO DO?"),
        (f"{PLAIN}?token=1#t=2", f"{PLAIN}#t=2"),
    ],
)
def test_unsigned(url: str, expected: str) -> None:
    assert unsigned(url) == expected


def test_made_reference_is_the_same_for_ever() -> None:
    # Written down: a change of this value would import every video of old jobs once more.
    assert made_reference(PLAIN) == "bi-0e06dca0234da29358bb"
    assert made_reference(f"{PLAIN}?token=1") == made_reference(PLAIN)


def test_other_urls_and_repeats_have_their_own() -> None:
    made = {made_reference(f"{PLAIN}?v={number}", nth) for number in range(50) for nth in (1, 2)}
    assert len(made) == 100
    assert made_reference(PLAIN, 2) == made_reference(PLAIN) + "-2"
    assert all(re.fullmatch(r"bi-[0-9a-f]{20}(-2)?", reference) for reference in made)
