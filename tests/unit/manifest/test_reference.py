"""Generated reference IDs: a video keeps its reference ID, however its URL is spelled."""

import re

from batch_import.manifest.reference import generate_reference_id

PLAIN = "https://example.com/a.mp4"


def test_a_generated_reference_id_never_changes() -> None:
    # A constant, because a change of this value would import every video of old jobs again.
    assert generate_reference_id(PLAIN) == "bi-0e06dca0234da29358bb"
    assert generate_reference_id("HTTPS://Example.com:443/%61.mp4#t=1") == generate_reference_id(
        PLAIN
    )


def test_other_urls_and_titles_have_other_reference_ids() -> None:
    made = {
        generate_reference_id(f"{PLAIN}?{name}={number}", title)
        for number in range(50)
        for name in ("v", "token")
        for title in ("", "a")
    }
    assert len(made) == 200
    assert all(re.fullmatch(r"bi-[0-9a-f]{20}", reference) for reference in made)
