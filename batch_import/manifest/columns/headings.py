"""Classify column names by their words: title, ID, smaller copy, or something else. No I/O.

The words are few and general. They decide between columns whose values are equally good. Only the
column of IDs is found by its name alone, because an ID cannot be corrected after the import.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from batch_import.addresses.unicode_forms import normalized

_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+|\d+|#")
#: Minimum length of words that are also found at the end of compounds, such as `Videotitel`.
_LONG: Final = 4
_JOINED_ID: Final = re.compile(
    r"(?:video|media|asset|entry|clip|content|item|object|record|file|movie|film|external|ext"
    r"|source|unique|legacy|old|original|resource|episode|lesson|document|doc|ref|material)id"
)
_NUMBERED: Final = re.compile(r"(?P<stem>.*?)[\s_.#()-]*(?P<number>\d*)[\s_)]*")


def _words(text: str) -> frozenset[str]:
    return frozenset(map(_plain, text.split()))


def _plain(text: str) -> str:
    """Remove case and accents."""
    return _unmarked(text).casefold()


def _unmarked(text: str) -> str:
    letters = normalized("NFKD", text)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


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
#: Words that make an ID less likely to be the video's own: a property of an ID, or a second ID.
_ABOUT_ID: Final = _words("label type name title description kind scheme system status url link")
_SECOND: Final = _words("other second secondary alternate alternative alt old legacy previous")
#: Words of other things that have names or IDs.
_OTHERS: Final = _words(
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
_TEXTS: Final = _words(
    """
    description desc summary abstract note notes comment comments keyword keywords tag tags
    beschreibung zusammenfassung notiz notizen schlagworte resume descripcion resumen descrizione
    описание 描述 説明 설명 text transcript
    """
)
#: Words of pictures and documents that belong to a video.
_ASIDE: Final = _words(
    """
    thumbnail thumbnails thumb thumbs poster image images picture pictures photo photos cover art
    artwork avatar logo icon card background still bild vorschaubild vignette miniature imagen
    miniatura immagine обложка 缩略图 サムネイル caption captions subtitle subtitles transcript
    untertitel slides slide pdf document resource resources attachment license licence copyright
    profile homepage website
    """
)
#: Words of copies of the video in lower quality, or of parts of it.
_SMALLER: Final = _words(
    """
    low mobile small preview trailer teaser sample proxy lq sd thumb thumbnail gif
    vorschau apercu anteprima 240 240p 144 144p 360 360p 480 480p backup alternate alternative alt
    """
)
_LARGER: Final = _words("original master source hd uhd hq high full best main max 4k highres")
_SIZES: Final = {"720": 1, "720p": 1, "1080": 2, "1080p": 2, "1440": 3, "2160": 4, "2160p": 4}


@lru_cache(maxsize=20_000)
def split_words(heading: str) -> tuple[str, ...]:
    """Split a column name into folded words: `videoTitle_2` becomes video, title and 2."""
    return tuple(part.casefold() for part in _PART.findall(_unmarked(heading)))


def last_part(heading: str) -> str:
    """The last part of a dotted name: `title` of `text.title`."""
    last = heading.rpartition(".")[2]
    return last if last.strip() else heading


def _has(heading: str, words: frozenset[str]) -> bool:
    return any(_is_among(part, words) for part in split_words(heading))


def _is_among(part: str, words: frozenset[str]) -> bool:
    if part in words:
        return True
    if part.isascii():
        return any(
            len(word) >= _LONG and len(part) > len(word) + 1 and part.endswith(word)
            for word in words
        )
    return any(word in part for word in words if not word.isascii())


def title_strength(heading: str) -> int:
    """A score for a column of titles: 3 a title, 2 a name, 1 no known word, 0 something else."""
    last = last_part(heading)
    if _has(heading, _OTHERS) or _has(last, _TEXTS) or _has(last, _ASIDE):
        return 0
    if _has(last, _TITLE):
        return 3
    return 2 if _has(last, _NAME) else 1


def id_strength(heading: str) -> int:
    """A score for the column of the video's ID; 0 means that it is not one."""
    last = last_part(heading)
    if _has(heading, _OTHERS) or any(part in _ABOUT_ID for part in split_words(last)):
        return 0
    for strength, words in zip((6, 4, 2), _ID, strict=True):
        if _has_exactly(last, words):
            return strength - any(part in _SECOND for part in split_words(last))
    return 0


def _has_exactly(heading: str, words: frozenset[str]) -> bool:
    """Whether a name contains a word. A short word (`id`) must not be part of another (`paid`)."""
    found = split_words(heading)
    return any(_is_among(part, words) for part in found) or (
        "id" in words and any(_JOINED_ID.fullmatch(part) for part in found)
    )


def is_picture_or_text(heading: str) -> bool:
    """Whether a column name says that the values are pictures or texts, not videos."""
    return _has(heading, _ASIDE)


def quality_in_name(heading: str) -> int:
    """The quality of a copy that a column name says, as a number to compare; 0 if it says none."""
    found = split_words(heading)
    if any(_is_among(part, _SMALLER) for part in found):
        return -1
    sized = max((_SIZES.get(part, 0) for part in found), default=0)
    return sized or (5 if any(part in _LARGER for part in found) else 0)


def differ_only_in_number(headings: Iterable[str]) -> bool:
    """Whether column names differ only in a number, as `Link`, `Link 2`, `Link 3` do."""
    found = [_NUMBERED.fullmatch(" ".join(heading.split())) for heading in headings]
    stems = {one["stem"].casefold() for one in found if one}
    numbers = [one["number"] for one in found if one]
    return (
        len(found) == len(numbers)
        and len(stems) == 1
        and "" not in stems
        and len(set(numbers)) == len(numbers)
        and any(numbers)
    )
