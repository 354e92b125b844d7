"""What the words of a heading tell: a title, an id, a smaller copy, something else. Pure.

Words are few and general. They settle what values leave open, and no column is found by them
alone, but for ids: an id cannot be corrected after the import, so that values are not enough.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+|\d+|#")
#: Words this long are found at the end of compounds too: `Videotitel`, `Archivnummer`.
_LONG: Final = 4
_JOINED_ID: Final = re.compile(
    r"(?:video|media|asset|entry|clip|content|item|object|record|file|movie|film|external|ext"
    r"|source|unique|legacy|old|original|resource|episode|lesson|document|doc|ref|material)id"
)
_NUMBERED: Final = re.compile(r"(?P<stem>.*?)[\s_.#()-]*(?P<number>\d*)[\s_)]*")


def _words(text: str) -> frozenset[str]:
    return frozenset(map(_plain, text.split()))


def _plain(text: str) -> str:
    """Without case, and without marks on letters."""
    return _unmarked(text).casefold()


def _unmarked(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text)
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
#: The best first.
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
#: What is said of an id is no id, and a second one is less likely to be the one that counts.
_ABOUT_ID: Final = _words("label type name title description kind scheme system status url link")
_SECOND: Final = _words("other second secondary alternate alternative alt old legacy previous")
#: Whose name or id is not the video's.
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
#: A picture, or another text, of the video.
_ASIDE: Final = _words(
    """
    thumbnail thumbnails thumb thumbs poster image images picture pictures photo photos cover art
    artwork avatar logo icon card background still bild vorschaubild vignette miniature imagen
    miniatura immagine обложка 缩略图 サムネイル caption captions subtitle subtitles transcript
    untertitel slides slide pdf document resource resources attachment license licence copyright
    profile homepage website
    """
)
#: The same video, or a part of it, in less quality.
_SMALLER: Final = _words(
    """
    low mobile small preview trailer teaser sample proxy lq sd thumb thumbnail gif
    vorschau apercu anteprima 240 240p 144 144p 360 360p 480 480p backup alternate alternative alt
    """
)
_LARGER: Final = _words("original master source hd uhd hq high full best main max 4k highres")
_SIZES: Final = {"720": 1, "720p": 1, "1080": 2, "1080p": 2, "1440": 3, "2160": 4, "2160p": 4}


@lru_cache(maxsize=20_000)
def parts(heading: str) -> tuple[str, ...]:
    """The words of a heading, folded: `videoTitle_2` has video, title and 2."""
    return tuple(part.casefold() for part in _PART.findall(_unmarked(heading)))


def last_part(heading: str) -> str:
    """What a member is called in its own object: `title` of `text.title`."""
    last = heading.rpartition(".")[2]
    return last if last.strip() else heading


def _has(heading: str, words: frozenset[str]) -> bool:
    return any(_is_among(part, words) for part in parts(heading))


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
    """How much a heading speaks for a title: 3 a title, 2 a name, 1 no word, 0 something else."""
    last = last_part(heading)
    if _has(heading, _OTHERS) or _has(last, _TEXTS) or _has(last, _ASIDE):
        return 0
    if _has(last, _TITLE):
        return 3
    return 2 if _has(last, _NAME) else 1


def id_strength(heading: str) -> int:
    """How much a heading speaks for the video's id; 0 for not at all."""
    last = last_part(heading)
    if _has(heading, _OTHERS) or any(part in _ABOUT_ID for part in parts(last)):
        return 0
    for strength, words in zip((6, 4, 2), _ID, strict=True):
        if _has_exactly(last, words):
            return strength - any(part in _SECOND for part in parts(last))
    return 0


def _has_exactly(heading: str, words: frozenset[str]) -> bool:
    """Short words (`id`, `no`) must be words of their own: `paid` is no id."""
    found = parts(heading)
    return any(_is_among(part, words) for part in found) or (
        "id" in words and any(_JOINED_ID.fullmatch(part) for part in found)
    )


def is_aside(heading: str) -> bool:
    """Whether the heading says that what is below is not the video, but a picture or a text."""
    return _has(heading, _ASIDE)


def quality(heading: str) -> int:
    """What a heading says of the quality of a copy, as a number to compare; 0 for nothing."""
    found = parts(heading)
    if any(_is_among(part, _SMALLER) for part in found):
        return -1
    sized = max((_SIZES.get(part, 0) for part in found), default=0)
    return sized or (5 if any(part in _LARGER for part in found) else 0)


def numbered(headings: Iterable[str]) -> bool:
    """Whether headings are one word with numbers, as `Link`, `Link 2`, `Link 3`."""
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
