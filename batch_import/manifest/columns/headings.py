"""Classify column names by their words: title, ID, smaller copy, or something else. No I/O.

The words are few and general. They decide between columns whose values are equally good. Only a
column with a word of IDs in its name can become the column of IDs, because an ID cannot be
corrected after the import.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from batch_import.addresses.unicode_forms import normalized

#: One word of a column name, also in camel case.
_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+|\d+|#")
#: Minimum length of words that are also found at the end of compounds, such as `Videotitel`.
_MIN_COMPOUND_LENGTH: Final = 4
#: A compound with `id`, which is too short to be found in compounds in general.
_COMPOUND_WITH_ID: Final = re.compile(
    r"(?:video|media|asset|entry|clip|content|item|object|record|file|movie|film|external|ext"
    r"|source|unique|legacy|old|original|resource|episode|lesson|document|doc|ref|material)id"
)
#: A column name and an optional number at its end: `Link`, `Link 2`, `link_2`, `Link (2)`.
_NUMBERED_NAME: Final = re.compile(r"(?P<stem>.*?)[\s_.#()-]*(?P<number>\d*)[\s_)]*")


def _words(text: str) -> frozenset[str]:
    """Return the words of a text without case and accents."""
    return frozenset(_without_accents(word).casefold() for word in text.split())


def _without_accents(text: str) -> str:
    decomposed = normalized("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


_TITLE: Final = _words(
    """
    title titel titre titulo titolo titulek tytul otsikko rubrik tittel baslik naslov
    headline heading subject topic thema betreff bezeichnung intitule
    название заголовок наименование 标题 標題 タイトル 題名 件名 제목 عنوان כותרת शीर्षक
    """
)
_NAME: Final = _words(
    """
    name nombre nom nome naam namn navn nazwa nazov nazev nimi isim nume label
    имя назва 名称 名稱 名前 이름 اسم שם नाम
    """
)
#: Words of IDs, the strongest group first.
_ID: Final = (
    _words(
        """
        id ids uuid guid uid identifier identifiant identificador identificatore identificativo
        kennung identyfikator идентификатор reference references ref refs referenz referencia
        riferimento referentie referens viite ссылка 标识 標識 識別子 参照 参考
        """
    ),
    _words(
        """
        key keys schlussel cle clave chiave chave sleutel nyckel klucz ключ キー 键 code codes
        codice codigo kode kod код コード 代码 编码 barcode sku isbn isan ean upc slug doi pid vid
        eid oid signatur sigle cote handle
        """
    ),
    _words(
        """
        number numbers no nr num numero nummer numer номер 番号 编号 編號 号码 번호 №
        """
    ),
)
#: Words beside a word of IDs that mean a property of an ID.
_ABOUT_ID: Final = _words("label type name title description kind scheme system status url link")
#: Words beside a word of IDs that mean a second ID of the video.
_SECOND_ID: Final = _words("other second secondary alternate alternative alt old legacy previous")
#: Words of other things that have names or IDs.
_OTHER_THINGS: Final = _words(
    """
    speaker speakers presenter author authors artist director creator owner user uploader contact
    channel category categories playlist folder parent series season show collection department
    company client customer host teacher lecturer instructor professor moderator producer editor
    studio agency school faculty team group person people actor cast account tenant project room
    redner sprecher referent autor auteur auteurs ponente orador autore relatore abteilung
    kategorie categorie categoria kanal chaine канал автор докладчик 作者 分类 頻道
    phone zip postal page row line index idx order position rank year price size width height
    duration length views language country
    """
)
_LONG_TEXTS: Final = _words(
    """
    description desc summary abstract note notes comment comments keyword keywords tag tags
    beschreibung zusammenfassung notiz notizen schlagworte resume descripcion resumen descrizione
    описание 描述 説明 설명 text transcript
    """
)
#: Words of pictures and documents that belong to a video.
_PICTURES_AND_DOCUMENTS: Final = _words(
    """
    thumbnail thumbnails thumb thumbs poster image images picture pictures photo photos cover art
    artwork avatar logo icon card background still bild vorschaubild vignette miniature imagen
    miniatura immagine обложка 缩略图 サムネイル caption captions subtitle subtitles transcript
    untertitel slides slide pdf document resource resources attachment license licence copyright
    profile homepage website
    """
)
#: Words of copies of the video in lower quality, or of parts of the video.
_SMALLER_COPIES: Final = _words(
    """
    low mobile small preview trailer teaser sample proxy lq sd thumb thumbnail gif
    vorschau apercu anteprima 240 240p 144 144p 360 360p 480 480p backup alternate alternative alt
    """
)
_BEST_COPIES: Final = _words("original master source hd uhd hq high full best main max 4k highres")
#: Picture height in a column name → quality.
_QUALITY_OF_HEIGHT: Final = {
    "720": 1, "720p": 1, "1080": 2, "1080p": 2, "1440": 3, "2160": 4, "2160p": 4
}  # fmt: skip
_BEST_QUALITY: Final = 5


@lru_cache(maxsize=20_000)
def split_words(heading: str) -> tuple[str, ...]:
    """Split a column name into folded words: `videoTitle_2` becomes video, title and 2."""
    return tuple(part.casefold() for part in _PART.findall(_without_accents(heading)))


def last_part(heading: str) -> str:
    """Return the last part of a dotted name: `title` of `text.title`."""
    last = heading.rpartition(".")[2]
    return last if last.strip() else heading


def _has_word(heading: str, words: frozenset[str]) -> bool:
    """Whether a column name has one of the words, also as the end of a compound."""
    return any(_matches(part, words) for part in split_words(heading))


def _matches(part: str, words: frozenset[str]) -> bool:
    """Whether a part of a column name is one of the words, or a compound with one at the end."""
    if part in words:
        return True
    if part.isascii():
        return any(
            len(word) >= _MIN_COMPOUND_LENGTH and len(part) > len(word) + 1 and part.endswith(word)
            for word in words
        )
    # Many other scripts have no spaces between words.
    return any(word in part for word in words if not word.isascii())


def title_strength(heading: str) -> int:
    """A score for a column of titles: 3 a title, 2 a name, 1 no known word, 0 something else."""
    last = last_part(heading)
    is_other = _has_word(heading, _OTHER_THINGS)
    if is_other or _has_word(last, _LONG_TEXTS) or _has_word(last, _PICTURES_AND_DOCUMENTS):
        return 0
    if _has_word(last, _TITLE):
        return 3
    return 2 if _has_word(last, _NAME) else 1


def id_strength(heading: str) -> int:
    """A score for a column of the videos' IDs, from 1 to 6; 0 if it is not such a column."""
    last = last_part(heading)
    parts = split_words(last)
    if _has_word(heading, _OTHER_THINGS) or any(part in _ABOUT_ID for part in parts):
        return 0
    for strength, words in zip((6, 4, 2), _ID, strict=True):
        has_compound = "id" in words and any(map(_COMPOUND_WITH_ID.fullmatch, parts))
        if has_compound or _has_word(last, words):
            is_second_id = any(part in _SECOND_ID for part in parts)
            return strength - 1 if is_second_id else strength
    return 0


def is_about_other_thing(heading: str) -> bool:
    """Whether a column name means a property of something else than a video: `Owner status`."""
    return _has_word(heading, _OTHER_THINGS)


def is_picture_or_text(heading: str) -> bool:
    """Whether a column name means pictures or texts that belong to a video."""
    return _has_word(heading, _PICTURES_AND_DOCUMENTS)


def quality_in_name(heading: str) -> int:
    """A score of the quality of a copy, by a column name. Greater is better.

    Returns:
        -1 for a smaller copy, 0 if the name has no word of a quality.
    """
    parts = split_words(heading)
    if any(_matches(part, _SMALLER_COPIES) for part in parts):
        return -1
    quality = max((_QUALITY_OF_HEIGHT.get(part, 0) for part in parts), default=0)
    if quality:
        return quality
    return _BEST_QUALITY if any(part in _BEST_COPIES for part in parts) else 0


def differ_only_in_number(headings: Iterable[str]) -> bool:
    """Whether column names differ only in a number, as `Link`, `Link 2`, `Link 3` do."""
    stems: set[str] = set()
    numbers: list[str] = []
    for heading in headings:
        name = _NUMBERED_NAME.fullmatch(" ".join(heading.split()))
        if not name:
            return False
        stems.add(name["stem"].casefold())
        numbers.append(name["number"])
    has_one_stem = len(stems) == 1 and "" not in stems
    # One of the names may have no number; it is an empty text in `numbers`.
    are_distinct = len(set(numbers)) == len(numbers)
    return has_one_stem and are_distinct and any(numbers)
