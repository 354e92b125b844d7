"""Made referenceIds: the same video keeps its own, however its address is spelled."""

import re

from batch_import.manifest.reference import generate_reference_id

PLAIN = "https://example.com/a.mp4"


def test_made_reference_is_the_same_for_ever() -> None:
    # Written down: a change of this value would import every video of old jobs once more.
    assert generate_reference_id(PLAIN) == "bi-0e06dca0234da29358bb"
    assert generate_reference_id("HTTPS://Example.com:443/%61.mp4#t=1") == generate_reference_id(
        PLAIN
    )


def test_other_addresses_and_titles_have_their_own() -> None:
    made = {
        generate_reference_id(f"{PLAIN}?{name}={number}", title)
        for number in range(50)
        for name in ("v", "token")
        for title in ("", "a")
    }
    assert len(made) == 200
    assert all(re.fullmatch(r"bi-[0-9a-f]{20}", reference) for reference in made)
