"""Choose which objects of a nested file are the records: those with the source URLs.

A first pass over the file collects all arrays and a sample of their objects. Outer arrays have
priority over inner ones. This module must not know the syntax of a format.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError, setting_ref
from batch_import.manifest.columns.aliases import SOURCE_URL, fold
from batch_import.manifest.columns.headings import id_strength, quality_in_name, title_strength
from batch_import.manifest.columns.source_column import may_have_source_urls
from batch_import.manifest.columns.values import CellKind, has_url
from batch_import.manifest.readers.nested_records import (
    ANY_KEY,
    JsonRecord,
    KeyPath,
    RecordBatch,
    Walk,
    flatten,
)
from batch_import.manifest.readers.record import check_header_width
from batch_import.manifest.readers.record_survey import (
    INHERITED_FIELDS,
    InheritedColumn,
    Shape,
    Survey,
    cached_named_field,
    find_title_and_id_keys,
    inheritable_columns,
    shape_of,
)

_HALF: Final = 0.5
#: Minimum number of URLs in an object of objects whose members are records.
_COLLECTION: Final = 2
_A_TITLE: Final = 3
_AN_ID: Final = 5


class _Fit(NamedTuple):
    """A score of how likely the objects of an array are the videos. Greater is more likely.

    Attributes:
        is_own: the objects have the member that the user mapped to the source URL.
        kind: the best kind of values in a member. The next two attributes describe this member.
        is_main: whether the name of the member is not a name of a trailer or a smaller copy.
        is_known: whether the member has a usual name.
    """

    is_own: bool
    kind: CellKind
    is_main: bool
    is_known: bool

    @property
    def level(self) -> tuple[bool, CellKind, bool]:
        """The part of the score that gives an outer array priority over an inner one."""
        return self.is_own, self.kind, self.is_main


class RecordChoice:
    """The result of the first pass, and the choice of the records.

    Attributes:
        outer: the members of the objects that are not in an array.
        paths: paths of the arrays of the records. Each array is inside the previous one.
        notes: sentences about further arrays with videos.

    Raises:
        ManifestError: there are no records, or several arrays are equally good.
    """

    def __init__(self, name: str, walk: Walk, options: ReadingOptions) -> None:
        self._name = name
        self._wanted = tuple(options.records.split(".")) if options.records else None
        self._own = {
            fold(column) for given, column in options.map.items() if fold(given) == fold(SOURCE_URL)
        }
        self._survey = Survey(walk, self._surveyed)
        self.outer, self.around = self._survey.outer, self._survey.around
        self._shapes, self._arrays = self._survey.shapes, self._survey.arrays
        self._columns = {path: array.columns() for path, array in self._arrays.items()}
        self._fits = {path: self._fit(path) for path in self._arrays}
        self.paths = self._chosen()
        self._taken = {
            shape: self._inherited(shape) for shape in self._shapes if self._is_record(shape)
        }
        self.notes = self._notes()

    # The first walk --------------------------------------------------------------------------

    def _surveyed(self, found: JsonRecord) -> bool:
        """Whether to visit the arrays of an object: not if its members are uncertain."""
        if self._wanted is not None:
            return _leads(found.path, self._wanted)
        return not (found.fault and has_url(flatten(found.members).values()))

    # Which arrays -----------------------------------------------------------------------------

    def _fit(self, path: KeyPath) -> _Fit | None:
        """The score of an array; None if it has no URLs."""
        columns = self._columns[path]
        own = [column for column in columns if self._is_own(column.name)]
        meant = [column for column in columns if may_have_source_urls(column)]
        known = [column for column in columns if cached_named_field(column.name) == SOURCE_URL]
        if path[-1:] == (ANY_KEY,) and not self._is_collection(path):
            return None
        if not (own or meant or known):
            return None
        kind = max((column.kind for column in meant), default=CellKind.BLANK)
        best = [column for column in meant if column.kind is kind] or own or known
        return _Fit(
            bool(own),
            kind,
            max(quality_in_name(column.name) for column in best) >= 0,
            any(cached_named_field(column.name) == SOURCE_URL for column in best),
        )

    def _is_collection(self, path: KeyPath) -> bool:
        """Whether an object of objects contains several videos. One may be a coincidence."""
        sample = self._arrays[path].sample
        return sum(1 for cells in sample if has_url(cells.values())) >= _COLLECTION

    def _is_own(self, key: str) -> bool:
        return fold(key) in self._own

    def _chosen(self) -> list[KeyPath]:
        every = sorted((path for path in self._arrays if path[-1:] != (ANY_KEY,)), key=len)
        if self._wanted is not None:
            if self._wanted not in self._arrays:
                raise self._error(f"has no array “{'.'.join(self._wanted)}”", self._choice(every))
            return [self._wanted]
        fits = {path: fit for path, fit in self._fits.items() if fit}
        if not fits:
            if not every:
                raise self._error(
                    "holds no array of objects", "Write [{…}, {…}], an object a video."
                )
            return [self._one(_outermost(every))]
        level = max(fit.level for fit in fits.values())
        best = _outermost([path for path, fit in fits.items() if fit.level == level])
        alike = _outermost([self._around_rare(path, fits) for path in best])
        rank = max((fits[path].is_known, path[-1:] != (ANY_KEY,)) for path in alike)
        main = self._one([p for p in alike if (fits[p].is_known, p[-1:] != (ANY_KEY,)) == rank])
        return [main, *sorted(self._instead(main), key=len)]

    def _around_rare(self, path: KeyPath, fits: Mapping[KeyPath, _Fit]) -> KeyPath:
        """An outer array with URLs, if most of its objects do not contain this array; else this."""
        for outer, fit in fits.items():
            if _leads(outer, path) and fit.kind >= CellKind.PAGE:
                having = sum(
                    count
                    for shape, count in self._shapes.items()
                    if shape.path == outer and _is_in(path, shape.inner)
                )
                if having < _HALF * self._arrays[outer].count:
                    return outer
        return path

    def _instead(self, main: KeyPath) -> Iterator[KeyPath]:
        """The arrays in those objects of the main array that have no URL of their own.

        Arrays in objects with a URL contain something else, such as trailers or chapters.
        """
        beside = {
            inner
            for shape in self._shapes
            if shape.path == main and self._has_url_member(shape)
            for inner in shape.inner
        }
        for path, fit in self._fits.items():
            if fit and _leads(main, path) and fit.is_main and not _is_in(path, beside):
                yield path

    def _one(self, paths: Sequence[KeyPath]) -> KeyPath:
        if len(paths) > 1:
            raise self._error("has more than one array that could be meant", self._choice(paths))
        return paths[0]

    def _choice(self, paths: Sequence[KeyPath]) -> str:
        names = [".".join(path) for path in paths if path]
        if not names:
            return f"Its only array is the outermost one: leave {setting_ref('records')} out."
        return f"Choose one: {', '.join(setting_ref('records', name) for name in names)}."

    def _notes(self) -> tuple[str, ...]:
        return tuple(filter(None, (self._about_others(), self._about_renditions())))

    def _about_others(self) -> str:
        fits = [fit for path in self.paths if (fit := self._fits[path])]
        kind = max((fit.kind for fit in fits), default=CellKind.BLANK)
        others = [
            path
            for path, fit in self._fits.items()
            if fit and path and path not in self.paths and fit.kind >= max(CellKind.PAGE, kind)
        ]
        if not others or self._wanted is not None:
            return ""
        listed = ", ".join(f"“{'.'.join(path)}” ({self._arrays[path].count})" for path in others)
        one = setting_ref("records", ".".join(others[0]))
        return f"Not read, though they have addresses too: {listed}. To read one: {one}"

    def _about_renditions(self) -> str:
        if not any(
            shape in self._survey.siblings and self._are_renditions(shape) for shape in self._taken
        ):
            return ""
        return (
            f"Several files of one object (“{self.paths[-1][-1]}”) are one video: the original or"
            " the largest is read; where nothing tells which, they are a problem of their rows"
        )

    # Which objects of these arrays ------------------------------------------------------------

    def _has_url_member(self, shape: Shape) -> bool:
        """Whether an object has a member for the source URL, which may be blank."""
        return any(key in self._url_keys(shape.path) for key in shape.keys)

    @lru_cache(maxsize=1_000)  # noqa: B019 - as long as the file is read
    def _url_keys(self, path: KeyPath) -> frozenset[str]:
        return frozenset(
            column.name
            for column in self._columns[path]
            if may_have_source_urls(column)
            or self._is_own(column.name)
            or cached_named_field(column.name) == SOURCE_URL
        )

    def _is_record(self, shape: Shape) -> bool:
        if shape.path not in self.paths:
            return False
        return self._has_url_member(shape) or not any(
            _is_in(path, shape.inner) for path in self.paths
        )

    def inside(self, found: JsonRecord) -> bool:
        """Whether an object contains records, after the choice was made."""
        if not any(_leads(found.path, path) for path in self.paths):
            return False
        return found.path not in self.paths or self.inherited(found, flatten(found.members)) is None

    def inherited(
        self, found: JsonRecord, cells: Mapping[str, str]
    ) -> tuple[InheritedColumn, ...] | None:
        """Returns the columns that a record inherits; None if the object is not a record."""
        return self._taken.get(shape_of(found, cells))

    def inherited_by_batch(
        self, batch: RecordBatch, keys: tuple[str, ...]
    ) -> tuple[InheritedColumn, ...] | None:
        """As `inherited`, for the objects of a batch that have these keys."""
        return self._taken.get(Shape(batch.path, keys, inheritable_columns(batch.around)))

    def _inherited(self, shape: Shape) -> tuple[InheritedColumn, ...]:
        """Returns the inherited columns: title and ID if the record has none, and all others."""
        fields = {cached_named_field(key) for key in shape.keys}
        inherited_keys = [
            inherited.key for inherited in shape.inherited if inherited.is_title_or_id
        ]
        inherited_keys += find_title_and_id_keys(self.around(shape.path))
        by_field = {cached_named_field(key): key for key in reversed(inherited_keys)}
        given = [key for known, key in by_field.items() if known not in fields]
        # A member that is used under its own name is not repeated with a prefix.
        left_out = {*shape.keys, *given}
        others = [
            inherited
            for inherited in shape.inherited
            if not inherited.is_title_or_id
            and inherited.key not in left_out
            and inherited.plain not in given
        ]
        return (*(InheritedColumn(key, key, is_title_or_id=True) for key in given), *others)

    def is_rendition(self, found: JsonRecord, cells: Mapping[str, str]) -> bool:
        """Whether an object has no title and no ID of its own."""
        return found.around is not None and self._are_renditions(shape_of(found, cells))

    @lru_cache(maxsize=10_000)  # noqa: B019 - as long as the file is read
    def _are_renditions(self, shape: Shape) -> bool:
        return (
            any(inherited.is_title_or_id for inherited in shape.inherited)
            and not any(cached_named_field(key) in INHERITED_FIELDS for key in shape.keys)
            and not any(
                title_strength(k) >= _A_TITLE or id_strength(k) >= _AN_ID for k in shape.keys
            )
        )

    def header(self) -> tuple[str, ...]:
        """The keys of all records, in the order of their first occurrence.

        Raises:
            ManifestError: the records have no keys.
        """
        names = dict.fromkeys(
            key
            for shape, inherited in self._taken.items()
            for key in (*shape.keys, *(one.key for one in inherited))
        )
        if not names:
            first = self._arrays[self.paths[0]].first
            fault = first.fault.reason if first.fault else "its objects are empty"
            raise self._error(f"holds no video: line {first.line}: {fault}", "Check the file.")
        return check_header_width(self._name, tuple(names))

    def _error(self, what: str, hint: str) -> ManifestError:
        return ManifestError(f"The manifest {self._name} {what}.", hint)


def _leads(path: KeyPath, further: KeyPath) -> bool:
    """Whether an array is in objects of another array."""
    return len(path) < len(further) and further[: len(path)] == path


def _is_in(path: KeyPath, arrays: Iterable[KeyPath]) -> bool:
    """Whether an array is one of the given arrays, or is in their objects."""
    return any(array == path or _leads(array, path) for array in arrays)


def _outermost(paths: Iterable[KeyPath]) -> list[KeyPath]:
    every = list(paths)
    return [path for path in every if not any(_leads(other, path) for other in every)]
