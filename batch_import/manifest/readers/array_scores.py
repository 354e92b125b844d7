"""Score the arrays of a nested file: how likely their objects are the videos. No I/O."""

from collections.abc import Collection
from functools import lru_cache
from typing import Final, NamedTuple

from batch_import.manifest.columns.aliases import SOURCE_URL, fold
from batch_import.manifest.columns.headings import quality_in_name
from batch_import.manifest.columns.source_column import may_have_source_urls
from batch_import.manifest.columns.values import CellKind, has_url
from batch_import.manifest.readers.nested_records import ANY_KEY, KeyPath
from batch_import.manifest.readers.record_survey import Survey, cached_named_field

#: Minimum number of sampled objects with a URL in an object of objects whose members are records.
_MIN_URLS_OF_COLLECTION: Final = 2


class ArrayScore(NamedTuple):
    """A score of how likely the objects of an array are the videos. Greater is more likely.

    Attributes:
        is_mapped: whether the objects have the member that the user mapped to the source URL.
        kind: the best kind of values in a member. The next two attributes describe this member.
        is_main: whether the name of the member is not a name of a trailer or a smaller copy.
        has_usual_name: whether the name of the member is a usual name of the source URL.
    """

    is_mapped: bool
    kind: CellKind
    is_main: bool
    has_usual_name: bool

    @property
    def level(self) -> tuple[bool, CellKind, bool]:
        """The part of the score that gives an outer array priority over an inner one."""
        return self.is_mapped, self.kind, self.is_main


class ArrayScores:
    """The scores of all arrays of a file.

    Args:
        survey: the first pass over the file.
        mapped_keys: folded keys that the user mapped to the source URL.

    Attributes:
        scores: path of an array → its score; None if its objects have no member for the source URL.
    """

    def __init__(self, survey: Survey, mapped_keys: Collection[str]) -> None:
        self._survey = survey
        self._mapped_keys = mapped_keys
        self._columns = {path: array.columns() for path, array in survey.arrays.items()}
        self.scores = {path: self._score(path) for path in survey.arrays}

    @lru_cache(maxsize=1_000)  # noqa: B019 - this object lives only while the file is read
    def url_keys(self, path: KeyPath) -> frozenset[str]:
        """Return the keys of the members of an array's objects that may have source URLs."""
        return frozenset(
            column.name
            for column in self._columns[path]
            if may_have_source_urls(column)
            or self._is_mapped(column.name)
            or cached_named_field(column.name) == SOURCE_URL
        )

    def _score(self, path: KeyPath) -> ArrayScore | None:
        """Return the score of an array; None if its objects have no member for the source URL."""
        if path[-1:] == (ANY_KEY,) and not self._is_collection(path):
            return None
        columns = self._columns[path]
        mapped = [column for column in columns if self._is_mapped(column.name)]
        by_values = [column for column in columns if may_have_source_urls(column)]
        by_name = [column for column in columns if cached_named_field(column.name) == SOURCE_URL]
        if not (mapped or by_values or by_name):
            return None
        kind = max((column.kind for column in by_values), default=CellKind.BLANK)
        best = [column for column in by_values if column.kind is kind] or mapped or by_name
        return ArrayScore(
            is_mapped=bool(mapped),
            kind=kind,
            is_main=max(quality_in_name(column.name) for column in best) >= 0,
            has_usual_name=any(cached_named_field(column.name) == SOURCE_URL for column in best),
        )

    def _is_collection(self, path: KeyPath) -> bool:
        """Whether an object of objects contains several videos. A single URL may be by chance."""
        sample = self._survey.arrays[path].sample
        return sum(1 for cells in sample if has_url(cells.values())) >= _MIN_URLS_OF_COLLECTION

    def _is_mapped(self, key: str) -> bool:
        return fold(key) in self._mapped_keys
