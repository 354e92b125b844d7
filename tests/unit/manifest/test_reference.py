"""Made referenceIds: the same video keeps its own, however its address is spelled."""

import re

from batch_import.manifest.reference import made_reference

PLAIN = "https://example.com/a.mp4"


def test_made_reference_is_the_same_for_ever() -> None:
    # Written down: a change of this value would import every video of old jobs once more.
    assert made_reference(PLAIN) == "bi-0e06dca0234da29358bb"
    assert made_reference("HTTPS://Example.com:443/%61.mp4#t=1") == made_reference(PLAIN)


def test_other_addresses_and_titles_have_their_own() -> None:
    made = {
        made_reference(f"{PLAIN}?{name}={number}", title)
        for number in range(50)
        for name in ("v", "token")
        for title in ("", "a")
    }
    assert len(made) == 200
    assert all(re.fullmatch(r"bi-[0-9a-f]{20}", reference) for reference in made)
