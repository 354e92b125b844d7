"""The first line of each text: the same results as a dict, for any order and number of texts."""

from hypothesis import given
from hypothesis import strategies as st

from batch_import.manifest.first_lines import FirstLines

FEW = st.text(alphabet="ab\0", max_size=3)


@given(st.lists(st.lists(FEW, max_size=30), max_size=8))
def test_first_lines_equals_a_dict(chunks: list[list[str]]) -> None:
    known, first = FirstLines(), {}
    line = 1
    for texts in chunks:
        lines = list(range(line, line + 2 * len(texts), 2))
        expected = {}
        for at, text in enumerate(texts):
            if first.setdefault(text, lines[at]) != lines[at]:
                expected[at] = first[text]
        assert known.claim(texts, lines) == expected
        line += 2 * len(texts)


def test_no_text_is_lost_when_the_table_grows() -> None:
    known = FirstLines()
    texts = [f"text {n}" for n in range(50_000)]
    for start in range(0, len(texts), 3000):
        part = texts[start : start + 3000]
        assert known.claim(part, range(start + 1, start + 1 + len(part))) == {}
    again = known.claim(texts, range(100_001, 150_001))
    assert again == {n: n + 1 for n in range(50_000)}
    assert known.claim(["new", "new"], [200_000, 200_001]) == {1: 200_000}
