"""Which ids stood before: the same as two dicts would say, whatever the order."""

from hypothesis import given
from hypothesis import strategies as st

from batch_import.manifest.known_ids import KnownIds
from batch_import.manifest.rules.lookalikes import skeleton

IDS = st.text("abAB1\uff11\u0430", min_size=1, max_size=2)


@given(st.lists(st.lists(IDS, max_size=12), max_size=6))
def test_it_knows_what_dicts_know(chunks: list[list[str]]) -> None:
    known = KnownIds()
    ids: dict[str, int] = {}
    looks: dict[str, int] = {}
    line = 1
    for texts in chunks:
        lines = list(range(line, line + 2 * len(texts), 2))
        same, alike = {}, {}
        for at, text in enumerate(texts):
            first = looks.setdefault(skeleton(text), lines[at])
            if ids.setdefault(text, lines[at]) != lines[at]:
                same[at] = ids[text]
            elif first != lines[at]:
                alike[at] = first
        assert known.claim(texts, lines) == (same, alike)
        line += 2 * len(texts)
