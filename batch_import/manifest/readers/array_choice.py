"""Choose the arrays of a nested file whose objects are the records. No I/O.

Outer arrays have priority over the arrays in their objects. This module must not know the syntax of
a format.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from batch_import.errors import ManifestError, setting_ref
from batch_import.manifest.columns.values import CellKind
from batch_import.manifest.readers.array_scores import ArrayScore, ArrayScores
from batch_import.manifest.readers.nested_records import ANY_KEY, KeyPath
from batch_import.manifest.readers.record_survey import Shape, Survey
from batch_import.manifest.readers.rendition_arrays import ArrayKind, RenditionArrays

#: If less than this fraction of the objects of an outer array contains an inner array, the outer
#: array is read.
_MIN_SHARE_WITH_ARRAY: Final = 0.5


class ArrayChoice:
    """The arrays with the records.

    Args:
        name: name of the manifest, for messages.
        survey: the first pass over the file.
        wanted_path: the array that the user has chosen; None if the user has chosen none.
        mapped_keys: folded keys that the user mapped to the source URL.

    Attributes:
        paths: see `RecordChoice.paths`.
        video_path: see `RecordChoice.video_path`.
        note: a sentence for the user about further arrays with videos; empty if there are none.

    Raises:
        ManifestError: there are no records, or several arrays are equally good.
    """

    def __init__(
        self,
        name: str,
        survey: Survey,
        wanted_path: KeyPath | None,
        mapped_keys: Collection[str],
    ) -> None:
        self._name = name
        self._wanted_path = wanted_path
        self._shapes, self._arrays = survey.shapes, survey.arrays
        self._array_scores = ArrayScores(survey, mapped_keys)
        self._scores = self._array_scores.scores
        self._rendition_arrays = RenditionArrays(survey)
        #: Whether the objects of an array have different durations: then they are no renditions.
        self.have_different_durations = self._rendition_arrays.have_different_durations
        self.video_path: KeyPath | None = None
        self.paths = self._choose_paths()
        self.note = self._note_other_arrays()

    def has_url_member(self, shape: Shape) -> bool:
        """Whether an object has a member for the source URL, which may be blank."""
        return any(key in self._array_scores.url_keys(shape.path) for key in shape.keys)

    def _choose_paths(self) -> list[KeyPath]:
        real_arrays = sorted((path for path in self._arrays if path[-1:] != (ANY_KEY,)), key=len)
        if self._wanted_path is not None:
            if self._wanted_path not in self._arrays:
                description = f"has no array “{'.'.join(self._wanted_path)}”"
                raise self._error(description, self._list_choices(real_arrays))
            return self._renditions_of(self._wanted_path, ask=False) or [self._wanted_path]
        scores = {path: score for path, score in self._scores.items() if score}
        if not scores:
            if not real_arrays:
                hint = "Write [{…}, {…}], an object a video."
                raise self._error("holds no array of objects", hint)
            return [self._only(_outermost(real_arrays))]
        best_level = max(score.level for score in scores.values())
        best = _outermost([path for path, score in scores.items() if score.level == best_level])
        candidates = _outermost([self._prefer_outer_array(path, scores) for path in best])
        ranks = {
            path: (scores[path].has_usual_name, path[-1:] != (ANY_KEY,)) for path in candidates
        }
        best_rank = max(ranks.values())
        candidates = [path for path in candidates if ranks[path] == best_rank]
        parents = {self._rendition_arrays.parent(path) for path in candidates}
        if len(parents) == 1 and (parent := parents.pop()) is not None:
            renditions = self._renditions_of(parent, ask=True)
            if not set(candidates).isdisjoint(renditions):
                return renditions
        main = self._only(candidates)
        return [main, *sorted(self._find_additional_arrays(main), key=len)]

    def _renditions_of(self, parent: KeyPath, *, ask: bool) -> list[KeyPath]:
        """Return the arrays with the renditions of the videos in an array; empty if there is none.

        Args:
            parent: the array with the videos.
            ask: whether an error asks the user if it is unclear whether they are renditions.

        Raises:
            ManifestError: it is unclear, and `ask` is set.
        """
        score = self._scores[parent]
        paths = [
            path
            for path in self._rendition_arrays.arrays_inside(
                parent, (ArrayKind.RENDITIONS, ArrayKind.UNCLEAR)
            )
            if (inner := self._scores[path]) and (score is None or inner.level > score.level)
        ]
        if ask:
            for path in paths:
                if self._rendition_arrays.kind(path) is ArrayKind.UNCLEAR:
                    raise self._unclear_error(parent, path)
        if paths:
            self.video_path = parent
        return paths

    def _unclear_error(self, parent: KeyPath, path: KeyPath) -> ManifestError:
        inner, outer = ".".join(path), ".".join(parent)
        inner_count, outer_count = self._arrays[path].count, self._arrays[parent].count
        description = (
            f"has {inner_count} objects with URLs at “{inner}”, in {outer_count} objects at"
            f" “{outer}”; they differ in size, so they may be versions of {outer_count} videos, or"
            f" {inner_count} videos"
        )
        hint = f"To import {inner_count} videos: {setting_ref('records', inner)}."
        if outer:
            hint += f" To import {outer_count}: {setting_ref('records', outer)}."
        else:
            hint += f" To import {outer_count}: delete the other files, or give the videos a name,"
            hint += f' {{"videos": […]}}, and {setting_ref("records", "videos")}.'
        return self._error(description, hint)

    def _prefer_outer_array(self, path: KeyPath, scores: Mapping[KeyPath, ArrayScore]) -> KeyPath:
        """Return an outer array with URLs, if most of its objects do not contain this array.

        Otherwise, or if this array has renditions, this array is returned.
        """
        if self._rendition_arrays.kind(path) is ArrayKind.RENDITIONS:
            return path
        for outer_path, score in scores.items():
            if contains(outer_path, path) and score.kind >= CellKind.PAGE:
                count_with_array = sum(
                    count
                    for shape, count in self._shapes.items()
                    if shape.path == outer_path and is_in(path, shape.inner_arrays)
                )
                if count_with_array < _MIN_SHARE_WITH_ARRAY * self._arrays[outer_path].count:
                    return outer_path
        return path

    def _find_additional_arrays(self, main: KeyPath) -> Iterator[KeyPath]:
        """Yield the arrays in objects of the main array that have no URL of their own.

        Arrays in objects with a URL contain something else, such as trailers or chapters.
        """
        arrays_beside_urls = {
            inner_array
            for shape in self._shapes
            if shape.path == main and self.has_url_member(shape)
            for inner_array in shape.inner_arrays
        }
        for path, score in self._scores.items():
            has_own_videos = contains(main, path) and not is_in(path, arrays_beside_urls)
            if score and score.is_main and has_own_videos:
                yield path

    def _only(self, paths: Sequence[KeyPath]) -> KeyPath:
        """Return the only path; raise an error if there are several."""
        if len(paths) > 1:
            description = "has more than one array that could be meant"
            raise self._error(description, self._list_choices(paths))
        return paths[0]

    def _list_choices(self, paths: Sequence[KeyPath]) -> str:
        names = [".".join(path) for path in paths if path]
        if not names:
            return f"Its only array is the outermost one: leave {setting_ref('records')} out."
        return f"Choose one: {', '.join(setting_ref('records', name) for name in names)}."

    def _note_other_arrays(self) -> str:
        """Return a note about arrays with videos that are not read; empty if there are none."""
        if self._wanted_path is not None:
            return ""
        chosen_scores = [score for path in self.paths if (score := self._scores[path])]
        kind = max((score.kind for score in chosen_scores), default=CellKind.PAGE)
        others = [
            path
            for path, score in self._scores.items()
            if score and path and path not in self.paths and score.kind >= max(CellKind.PAGE, kind)
        ]
        if not others:
            return ""
        listed = ", ".join(f"“{'.'.join(path)}” ({self._arrays[path].count})" for path in others)
        option = setting_ref("records", ".".join(others[0]))
        return f"Not read, though they have URLs too: {listed}. To read one: {option}"

    def _error(self, description: str, hint: str) -> ManifestError:
        return ManifestError(f"The manifest {self._name} {description}.", hint)


def contains(outer_path: KeyPath, path: KeyPath) -> bool:
    """Whether the objects of one array contain another array, at any depth."""
    return len(outer_path) < len(path) and path[: len(outer_path)] == outer_path


def is_in(path: KeyPath, arrays: Iterable[KeyPath]) -> bool:
    """Whether an array is one of some arrays, or is in their objects."""
    return any(array == path or contains(array, path) for array in arrays)


def _outermost(paths: Iterable[KeyPath]) -> list[KeyPath]:
    """Return the arrays that are not in objects of another of these arrays."""
    every = list(paths)
    return [path for path in every if not any(contains(other, path) for other in every)]
