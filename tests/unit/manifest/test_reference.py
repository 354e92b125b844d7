"""Made referenceIds: the same video keeps its own, whatever its URL is signed with."""

import re

from batch_import.manifest.reference import made_reference

PLAIN = "https://example.com/a.mp4"


def test_made_reference_is_the_same_for_ever() -> None:
    # Written down: a change of this value would import every video of old jobs once more.
    assert made_reference(PLAIN) == "bi-0e06dca0234da29358bb"
    assert made_reference(f"{PLAIN}?token=1") == made_reference(PLAIN)


def test_other_urls_and_repeats_have_their_own() -> None:
    made = {made_reference(f"{PLAIN}?v={number}", nth) for number in range(50) for nth in (1, 2)}
    assert len(made) == 100
    assert made_reference(PLAIN, 2) == made_reference(PLAIN) + "-2"
    assert all(re.fullmatch(r"bi-[0-9a-f]{20}(-2)?", reference) for reference in made)
