"""Which cells say that a video is not public, not current, not usable or not wanted. No I/O.

An export of a video platform has columns such as `privacy`, `status` or `expires`, and people add
remarks such as “do not publish”. The columns are recognized by their names, the values by a small
vocabulary. A title or a description must not be mistaken for such a value. Therefore every word of
a yes-or-no column must be known, and a remark is found only if a known word or nothing follows it.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from batch_import.errors import setting_ref
from batch_import.manifest.columns.cell_dates import DateSpan, find_date, parse_date
from batch_import.manifest.columns.headings import (
    is_about_other_thing,
    is_picture_or_text,
    last_part,
    split_words,
)


@dataclass(frozen=True, slots=True)
class Restriction:
    """A reason why a video may not be wanted.

    Attributes:
        description: what the rows are, as a text for the user: “12 rows are …”.
        consequence: a sentence for the user about the import of such rows.
        cell_words: words in cells of columns about the status of videos.
        names_of_yes: names of columns whose value “yes” means the restriction, such as `private`.
        names_of_no: names of columns whose value “no” means the restriction, such as `public`.
    """

    description: str
    consequence: str
    cell_words: frozenset[str] = frozenset()
    names_of_yes: frozenset[str] = frozenset()
    names_of_no: frozenset[str] = frozenset()


#: A restriction, and the value that means it, as a text for the user.
Mark = tuple[Restriction, str]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HOW_TO_OMIT: Final = f"To leave rows out, name them with {setting_ref('exclude')}."
_IMPORTED_TOO: Final = f"Such rows are imported like all others. {_HOW_TO_OMIT}"
#: The old platform does not show the video to everybody, or not any more.
_NOT_PUBLIC: Final = Restriction(
    "not public or not current in the old platform",
    f"New media are public unless the account has a default restriction profile. {_HOW_TO_OMIT}",
    _words(
        """
        private privat prive privee privato privado unlisted hidden restricted internal
        confidential password nobody disable disabled draft unpublished inactive archived
        scheduled embargo embargoed expired members organization organisation company
        retired withdrawn obsolete superseded deprecated discontinued outdated suspended
        deactivated blocked offline unavailable
        archiviert entwurf inaktiv abgelaufen gesperrt archive brouillon inactif expire archivado
        borrador inactivo caducado archiviato bozza inattivo scaduto
        """
    ),
    _words(
        """
        private hidden draft unlisted restricted archived unpublished inactive disabled retired
        expired withdrawn obsolete embargo embargoed deactivated privat archiviert inaktiv prive
        archive privado archivado
        """
    ),
    _words(
        """
        public published active enabled visible available listed current approved
        offentlich veroffentlicht aktiv actif publie publico publicado activo pubblico pubblicato
        attivo ativo actief gepubliceerd
        """
    ),
)
#: The video is deleted or failed in the old platform.
_UNUSABLE: Final = Restriction(
    "deleted or failed in the old platform",
    _IMPORTED_TOO,
    _words("deleted trash trashed removed error failed rejected geloscht supprime borrado"),
    _words("deleted trashed removed failed geloscht supprime borrado"),
)
#: A person has written that the video must not be published or imported.
_UNWANTED: Final = Restriction("marked as not to be published or imported", _IMPORTED_TOO)
#: All restrictions, in the order of the notes for the user.
RESTRICTIONS: Final = (_NOT_PUBLIC, _UNUSABLE, _UNWANTED)

# Columns about the status -----------------------------------------------------------------------

#: Words in the names of columns about who may watch a video, or whether it is usable.
_STATUS_HEADINGS: Final = _words(
    """
    visibility privacy access availability audience sharing permission status state lifecycle
    workflow stage publishing
    sichtbarkeit zugriff visibilite confidentialite acces statut etat visibilidad privacidad acceso
    estado visibilita stato zichtbaarheid visibilidade
    """
)
#: Words beside a name of yes or no that do not change its meaning: `Is Active`, `video_private`.
_NEUTRAL_WORDS: Final = _words(
    """
    is was has been currently still now video videos media asset entry record item content clip
    flag value yn y n yes no or to on in for all everyone web website site online ist est es
    """
)
_NAMES_OF_YES_OR_NO: Final = frozenset[str]().union(
    *(restriction.names_of_yes | restriction.names_of_no for restriction in RESTRICTIONS)
)
#: Words in the names of columns about something other than who may watch a video. Examples are
#: `privacy.comments`, `privacy.download` and `privacy.add` in exports of Vimeo.
_OTHER_SUBJECTS: Final = _words("comment comments download downloads add embed")
_YES: Final = _words("true yes y 1 on ja oui si")
_NO: Final = _words("false no n 0 off nein non nee")
#: Words that reverse the word after them: “not public”, “no longer active”.
_NEGATIONS: Final = _words("not non no longer nicht")
#: Maximum number of words of a value. A longer text describes a video.
_MAX_WORDS: Final = 3
#: Maximum length of a value in characters. Longer texts are not split into words, to save time.
_MAX_LENGTH: Final = 40

# Columns with dates -----------------------------------------------------------------------------

#: Words in the names of columns with the date on which a video ceases to be public.
_END_HEADINGS: Final = _words(
    """
    expires expire expiry expiration expired unpublish unpublished takedown retire retired
    retirement withdrawn withdrawal deleted archived sunset deactivated
    ablaufdatum ablauf expira caducidad scadenza vervaldatum
    """
)
#: Pairs of words that have the same meaning together: `Valid until`, `schedule.ends_at`.
_VALIDITY_WORDS: Final = _words(
    "valid available active visible publish published rights license licence schedule scheduled"
    " gultig verfugbar"
)
_END_WORDS: Final = _words("until till through end ends bis")
#: Words in the names of columns with the date before which a video is not public.
_START_HEADINGS: Final = _words("embargo embargoed")
#: Words in the names of columns with the end of something else: of a signed URL, of an account.
_OTHER_ENDS: Final = _words(
    "link url href file token signature download password cache cookie session certificate"
)

# Remarks ----------------------------------------------------------------------------------------

#: Phrases that people write into a cell beside a video that must not be published or imported.
_ORDERS: Final = (
    *(
        f"{start} {verb}"
        for start in ("do not", "don't", "dont")
        for verb in ("publish", "migrate", "import", "upload")
    ),
    "not for publication", "not for migration",
    "not to be published", "not to be migrated", "not to be imported",
    "nicht veröffentlichen", "nicht migrieren", "nicht importieren", "nicht hochladen",
    "ne pas publier", "ne pas migrer", "ne pas importer",
    "no publicar", "no migrar", "no importar",
)  # fmt: skip
#: Phrases after which any text may follow.
_EMBARGOES: Final = (
    "embargo until", "embargoed until", "embargo till", "embargoed till", "under embargo"
)  # fmt: skip
_PHRASES: Final = (*_ORDERS, *_EMBARGOES)
#: Parts of words, of which each phrase has one. Few columns have any, and a search for these parts
#: takes a quarter of the time of a search for all phrases.
_PARTS_OF_PHRASES: Final = (
    "publi", "migr", "import", "upload", "embargo", "veröffentlichen", "hochladen"
)  # fmt: skip
#: A phrase at the start of a cell, after punctuation, or after one of a few words. The end of the
#: cell, punctuation or one of a few words must follow an order: “Do not publish your address” is
#: the title of a video, and so is “Why we do not publish”.
_REMARK: Final = re.compile(
    r"(?:^|[^\w\s']\s*|\b(?:please|only|confidential|internal|private|restricted|bitte)\s+)"
    rf"(?P<phrase>(?:{'|'.join(_EMBARGOES)})\b|(?:{'|'.join(_ORDERS)})(?=\s*(?:$|[^\w\s'])"
    r"|\s+(?:this|the video|video|it|yet|until|till|before|publicly|online|externally|anywhere)\b))"
)
#: Maximum length of a remark in characters. A longer text describes a video.
_MAX_REMARK_LENGTH: Final = 200


class ColumnRule:
    """Finds the values of one column that restrict their rows.

    Args:
        heading: name of the column.
        today: the current date in UTC.
    """

    def __init__(self, heading: str, today: date) -> None:
        self._heading = heading
        self._today = today
        self._is_about_status = _is_about_status(heading)
        self._is_end = _is_end_heading(heading)
        self._is_start = not _START_HEADINGS.isdisjoint(split_words(heading))

    def find_marks(self, cells: Collection[str]) -> Mapping[str, Mark]:
        """Return the values among these cells that restrict their rows.

        Returns:
            A value, unchanged → its mark.
        """
        has_vocabulary = self._is_about_status or self._is_end or self._is_start
        if not has_vocabulary and not _may_have_remark(cells):
            return {}
        return {value: mark for value in set(cells) if (mark := self._find_mark(value))}

    def _find_mark(self, value: str) -> Mark | None:
        restriction = _find_by_word(self._heading, value) if self._is_about_status else None
        if restriction:
            return restriction, f"“{' '.join(split_words(value))}”"
        if (self._is_end or self._is_start) and (mark := self._find_by_date(value)):
            return mark
        return _find_remark(value, self._today)

    def _find_by_date(self, value: str) -> Mark | None:
        span = parse_date(value) if len(value) <= _MAX_LENGTH else None
        if span is None:
            return None
        if self._is_start:
            return (_NOT_PUBLIC, "a date in the future") if span.first > self._today else None
        return (_NOT_PUBLIC, "a date in the past") if span.last < self._today else None


def means_unusable(heading: str, value: str) -> bool:
    """Whether a value of a column about the status means that a video or file is not usable."""
    return _find_by_word(heading, value) is _UNUSABLE


def _is_about_status(heading: str) -> bool:
    """Whether a column is about who may watch a video, or whether it is usable."""
    words = frozenset(split_words(heading))
    if not _OTHER_SUBJECTS.isdisjoint(words) or is_picture_or_text(heading):
        return False
    if is_about_other_thing(heading):
        return False
    return not _STATUS_HEADINGS.isdisjoint(words) or _is_yes_or_no(heading)


def _is_yes_or_no(heading: str) -> bool:
    """Whether a column says yes or no to its name: `Is Active`, but not `Active users`."""
    words = frozenset(split_words(last_part(heading)))
    names = words & _NAMES_OF_YES_OR_NO
    return bool(names) and words <= names | _NEUTRAL_WORDS | _STATUS_HEADINGS


def _is_end_heading(heading: str) -> bool:
    """Whether a column has the date on which a video ceases to be public."""
    words = split_words(heading)
    if not _OTHER_ENDS.isdisjoint(words) or is_about_other_thing(heading):
        return False
    is_pair = not _VALIDITY_WORDS.isdisjoint(words) and not _END_WORDS.isdisjoint(words)
    return is_pair or not _END_HEADINGS.isdisjoint(words)


def _find_by_word(heading: str, value: str) -> Restriction | None:
    """Return the restriction that a value means; None if it means no restriction.

    Args:
        heading: name of the column.
        value: the cell.
    """
    words = split_words(value) if len(value) <= _MAX_LENGTH else ()
    if not 0 < len(words) <= _MAX_WORDS:
        return None
    names: Collection[str] = split_words(last_part(heading)) if _is_yes_or_no(heading) else ()
    if len(words) > 1 and not _NEGATIONS.isdisjoint(words[:-1]):
        # A negated word is read as the value “no” of a column with this word as its name. The cell
        # “not public” becomes the name “public” and the value “no”, whatever the column's name is.
        names, words = words[-1:], ("no",)
    for restriction in RESTRICTIONS:
        if _is_meant(restriction, names, words[-1]):
            return restriction
    return None


def _is_meant(restriction: Restriction, names: Collection[str], last_word: str) -> bool:
    """Whether a value means a restriction.

    Args:
        restriction: the restriction.
        names: words of the name of a column that says yes or no to its name.
        last_word: the last word of the value.
    """
    if last_word in restriction.cell_words:
        return True
    if last_word in _YES:
        return not restriction.names_of_yes.isdisjoint(names)
    return last_word in _NO and not restriction.names_of_no.isdisjoint(names)


def _may_have_remark(cells: Iterable[str]) -> bool:
    """Whether one of these cells has a phrase. This search is fast, because it splits no cell."""
    text = _fold("\n".join(cells))
    has_part = any(part in text for part in _PARTS_OF_PHRASES)
    return has_part and any(phrase in text for phrase in _PHRASES)


def _find_remark(value: str, today: date) -> Mark | None:
    """Return the mark of a remark such as “do not publish”; None if there is none.

    A remark has no effect any more if its date has passed: “embargo until 2 May 2019”.
    """
    if len(value) > _MAX_REMARK_LENGTH:
        return None
    folded = _fold(value.strip())
    found = _REMARK.search(folded)
    if found is None:
        return None
    span: DateSpan | None = find_date(folded[found.end("phrase") :])
    if span and span.last < today:
        return None
    return _UNWANTED, f"“{found['phrase']}”"


def _fold(text: str) -> str:
    return text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
