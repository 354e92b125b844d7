"""Which IDs earlier rows have: the same results as with two dicts, in any order."""

from hypothesis import given
from hypothesis import strategies as st

from batch_import.manifest.known_ids import KnownIds
from batch_import.manifest.rules.lookalikes import skeleton

IDS = st.text("abAB1\uff11\u0430", min_size=1, max_size=2)


ROWS = st.tuples(IDS, st.sampled_from(["", "https://h/1.mp4", "https://h/2.mp4"]))


@given(st.lists(st.lists(ROWS, max_size=12), max_size=6))
def test_known_ids_equals_two_dicts(chunks: list[list[tuple[str, str]]]) -> None:
    known = KnownIds()
    ids: dict[str, int] = {}
    looks: dict[str, int] = {}
    line = 1
    first_urls: dict[str, str] = {}
    for rows in chunks:
        texts, urls = [text for text, _ in rows], [url for _, url in rows]
        lines = list(range(line, line + 2 * len(texts), 2))
        same, alike, same_urls = {}, {}, set()
        for at, text in enumerate(texts):
            first = looks.setdefault(skeleton(text), lines[at])
            if ids.setdefault(text, lines[at]) != lines[at]:
                same[at] = ids[text]
                if urls[at] and urls[at] == first_urls[text]:
                    same_urls.add(at)
            elif first != lines[at]:
                alike[at] = first
            first_urls.setdefault(text, urls[at])
        assert known.claim(texts, urls, lines) == (same, alike, same_urls)
        line += 2 * len(texts)
