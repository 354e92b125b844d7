"""What must not be shown is not, and nothing else is lost."""

import pytest

from batch_import.masking import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("https://b.s3.test/v.mp4?a=1&X-Amz-Signature=ab", "?a=1&X-Amz-Signature=***"),
        ("https://c.test/v.mp4?Expires=1&Signature=a~b", "?Expires=***&Signature=***"),
        ("https://z.test/v.mp4?sv=2020&sig=a%2Bb&id=7", "?sv=***&sig=***&id=7"),
        ("https://h.test/v.mp4?st=3&se=4", "?st=3&se=4"),
        ("https://h.test/cb#access_token=abc", "#access_token=***"),
        ("https://user:pass@h.test/v.mp4", "https://***@h.test/v.mp4"),
        ("see <https://h.test/?token=abc>, please", "?token=***>, please"),
        ("https://h.test/watch?v=abc&start=3", "https://h.test/watch?v=abc&start=3"),
        ("a@b.test and me: x", "a@b.test and me: x"),
    ],
)
def test_mask(text: str, masked: str) -> None:
    assert masked in mask(text)
    assert mask(mask(text)) == mask(text)
