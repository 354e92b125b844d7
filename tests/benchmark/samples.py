"""Makes the rows that all contenders of the benchmarks import."""

import csv
from pathlib import Path

HEADER = ("sourceUrl", "filename", "extension", "referenceId")


def sample(number: int) -> dict[str, str]:
    """Return the row with a number: the fields of a POST in step 1 of the Viostream API guide."""
    values = (f"https://videos.example.com/{number}.mp4", f"Video {number}", "mp4", f"ref-{number}")
    return dict(zip(HEADER, values, strict=True))


def write_manifest(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(sample(number).values() for number in range(1, rows + 1))
