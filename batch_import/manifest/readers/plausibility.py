"""Detect the encoding of text that is not UTF-8, by the plausibility of each candidate. No I/O.

Nearly every byte is a character in nearly every encoding, so decoding without an error proves
nothing. An encoding is plausible if the decoded words look like words: letters of one script, with
capitals at plausible positions; in Latin script letters of one language; otherwise common Chinese,
Japanese or Cyrillic characters. This module must not know files.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

#: Minimum plausibility of an encoding.
MIN_PLAUSIBILITY: Final = 0.8
#: If another candidate is at least this plausible, the encoding is not certain.
_CLEAR_LEAD: Final = 0.05

_WESTERN: Final = tuple(
    frozenset(letters)
    for letters in (
        "àâæçéèêëîïôœùûüÿ", "äöüß", "áéíóúñüªº", "áâãàçéêíóôõúªº", "àèéìíîòóù", "æøåéèóô", "åäöéü",
        "áðéíóúýþæö", "ëïéèöüáó", "àçèéíïòóúü·", "âêîôûŵŷáéëïäö", "äöõüšž", "ëç",
        "âêëîôûéèïöüä",
    )
)  # fmt: skip
_CENTRAL: Final = tuple(
    frozenset(letters)
    for letters in (
        "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "äöüß", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "čćđšž",
        "ăâîşţșț",
    )
)  # fmt: skip
_TURKISH: Final = (frozenset("çğıöşüâîûi\N{COMBINING DOT ABOVE}"),)
#: Minimum fraction of common characters, for languages with thousands of characters: any text has a
#: few rare ones.
_USUAL_IDEOGRAPHS: Final = 0.85
#: First bytes of characters in GB 2312: the rows of kana, the first and the last row of common
#: characters; and the last row of Hangul in EUC-KR, which has the same layout.
_KANA: Final = (0xA4, 0xA5)
_FIRST_HANZI, _LAST_USUAL_HANZI, _LAST_HANGUL = 0xB0, 0xD7, 0xC8
#: Punctuation next to words in any language.
_MARKS: Final = frozenset("“”‘’„‚«»‹›–—…•·€£©®™°§¿¡№×\N{NO-BREAK SPACE}″′†")
#: Weight of the rule that all words are of one language.
_ONE_LANGUAGE: Final = 0.15
#: Sequences that do not occur in the languages of these letters. They are letters of Windows-1250
#: and -1254 that look different in Windows-1252: ő as õ, ă as ã, Ś as Œ, č as è, ş as þ.
_NEVER = re.compile(
    r"[áéíóú]\w*õ(?!e)|õ(?!e)\w*[áéíóú]|õ(?=sz|\b)|ã(?=[^oesn\W])|œ(?=[^udicetr\W])|è(?=[aeouyáéíóú])|þ\b"
)
#: Words of one letter.
_LONE: Final = frozenset("àèéêìíîòóôùúáâåæøöäýÀÈÉÊÌÍÎÒÓÔÙÚÁÂÅÆØÖÄÝžŽ")
#: Maximum fraction of non-ASCII letters in a Latin word, except for the shortest words.
_MOST_ACCENTS: Final = 0.75
_SHORT: Final = 3
_LONGEST_WORD: Final = 100
#: The most frequent Cyrillic letters. They are 70 % of Russian, Ukrainian, Bulgarian and Serbian
#: text, and 30 % of text that was decoded with a wrong encoding.
_FREQUENT_CYRILLIC: Final = frozenset("оеаинтсрвлкмдпуіј")
_USUAL_CYRILLIC: Final = 0.6
#: Weight of this rule. The rule distinguishes Windows-1251 from KOI8-R in text of capital letters.
_FREQUENCY: Final = 0.3

_WORD = re.compile(r"[^\x00-\x40\x5b-\x60\x7b-\x7f]+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate encoding.

    Attributes:
        name: Python's name.
        label: name for the user.
        judge: calculates the plausibility of words with non-ASCII characters, from 0 to 1.
    """

    name: str
    label: str
    judge: Callable[[Sequence[str]], float]


@dataclass(frozen=True, slots=True)
class DecodingChoice:
    """The result of the detection.

    Attributes:
        best: the most plausible encoding.
        proven: it is plausible, and no other encoding with a different text is.
        close: another encoding with a different text is plausible too, but it is rare.
        text: the text, decoded with the best encoding.
    """

    best: Candidate
    proven: bool
    text: str
    close: bool = False


def choose_encoding(data: bytes) -> DecodingChoice:
    """Detect the encoding of bytes that are not UTF-8."""
    found: list[tuple[float, Candidate, str]] = []
    for candidate in _CANDIDATES:
        try:
            text = data.decode(candidate.name)
        except UnicodeDecodeError:
            continue
        found.append((candidate.judge(_words(text)), candidate, text))
    if not found:
        return DecodingChoice(_CANDIDATES[0], proven=False, text=data.decode("cp1252", "replace"))
    # max() returns the first of equal candidates, which are ordered by frequency.
    score, best, text = max(found, key=lambda entry: entry[0])
    rivals = [
        rival for points, rival, other in found if other != text and points > score - _CLEAR_LEAD
    ]
    beaten = all(_outranks(best, rival) for rival in rivals)
    return DecodingChoice(best, score >= MIN_PLAUSIBILITY and beaten, text, bool(rivals))


def _words(text: str) -> list[str]:
    """The words with non-ASCII characters."""
    return [word for word in _WORD.findall(text) if not word.isascii()]


def _outranks(best: Candidate, other: Candidate) -> bool:
    """Whether a candidate is preferred to another one that is as plausible.

    A more frequent Latin encoding is preferred. An alphabet is preferred to a set of thousands of
    characters, because nearly any two bytes are one of those.
    """
    if other.judge in _IDEOGRAPHIC:
        return best.judge not in _IDEOGRAPHIC
    return best.judge in _LATIN and other.judge in _LATIN


def _latin(
    languages: Sequence[frozenset[str]], *, usual: bool = False
) -> Callable[[Sequence[str]], float]:
    """Create the judge of a Latin encoding. A single letter is evidence only for the usual one."""

    def judge(words: Sequence[str]) -> float:
        if not usual and not any(len(word) > 1 for word in words):
            return 0.0
        letters = Counter(c for word in words for c in word.lower() if c > "\x7f" and c.isalpha())
        known = max(sum(letters[c] for c in language) for language in languages)
        covered = known / letters.total() if letters else 1.0
        share = _share(words, lambda word: _is_latin_word(word, languages))
        # A list of videos may be in several languages, but a word is in one.
        return share * (1 - _ONE_LANGUAGE + _ONE_LANGUAGE * covered)

    return judge


def _is_latin_word(word: str, languages: Sequence[frozenset[str]]) -> bool:
    core = word.strip("".join(_MARKS)).replace("’", "")
    accents = {c for c in core.lower() if c > "\x7f"}
    if not accents or len(core) > _LONGEST_WORD:
        return not accents
    if len(core) == 1:
        return core in _LONE
    count = sum(1 for c in core if c > "\x7f")
    few = count <= _MOST_ACCENTS * len(core) or len(core) < _SHORT
    known = any(accents <= language for language in languages)
    return known and few and _is_cased(core) and not _NEVER.search(core.lower())


def _cyrillic(words: Sequence[str]) -> float:
    letters = Counter(c for word in words for c in word.lower() if c > "\x7f" and c.isalpha())
    if not letters or not any(len(word) > 1 for word in words):
        return 0.0  # a single letter is no evidence
    usual = sum(letters[c] for c in _FREQUENT_CYRILLIC) / letters.total()
    frequent = (1 - _FREQUENCY) * min(1.0, usual / _USUAL_CYRILLIC) + _FREQUENCY * usual
    return frequent * _share(words, _is_cyrillic_word)


def _is_cyrillic_word(word: str) -> bool:
    core = word.strip("".join(_MARKS))
    foreign = any(c.isalpha() and not unicodedata.name(c, "").startswith("CYRILLIC") for c in core)
    return not foreign and all(c.isalpha() or c in "-’" for c in core) and _is_cased(core)


def _is_cased(word: str) -> bool:
    """Whether non-ASCII capitals are at plausible positions: first, or in a word of capitals."""
    letters = [c for c in word if c.isalpha()]
    capitals = [at for at, c in enumerate(letters) if c > "\x7f" and c.isupper()]
    return all(at == 0 for at in capitals) or not any(map(str.islower, letters))


def _share(words: Sequence[str], fits: Callable[[str], bool]) -> float:
    return sum(map(fits, words)) / len(words) if words else 0.0


def _gbk(words: Sequence[str]) -> float:
    codes = [c.encode("gbk", "replace") for word in words for c in word if c > "\x7f"]
    kana = sum(1 for code in codes if code[0] in _KANA)
    leads = {code[0] for code in codes if code[0] >= _FIRST_HANZI}
    if not leads or kana * 5 > len(codes) or max(leads) <= _LAST_HANGUL:
        return 0.0  # EUC-JP or EUC-KR, which have other characters at the same positions
    return _ideographs(words, "gbk", _is_usual_in_chinese)


def _is_usual_in_chinese(code: bytes) -> bool:
    lead, *trail = code
    usual = lead < _FIRST_HANZI - 0xC or _FIRST_HANZI <= lead <= _LAST_USUAL_HANZI
    return bool(trail) and trail[0] > 0xA0 and usual  # noqa: PLR2004 - GB 2312 begins behind it


def _shift_jis(words: Sequence[str]) -> float:
    return _ideographs(words, "cp932", _is_usual_in_japanese)


def _is_usual_in_japanese(code: bytes) -> bool:
    kana = b"\x81\x40" <= code <= b"\x83\x96"
    return len(code) > 1 and (kana or b"\x88\x9f" <= code <= b"\x98\x72")


def _ideographs(words: Sequence[str], encoding: str, usual: Callable[[bytes], bool]) -> float:
    """The fraction of common characters, in words with more than one non-ASCII character."""
    good = total = 0
    for word in words:
        codes = [c.encode(encoding, "replace") for c in word if c > "\x7f"]
        total += len(codes)
        if len(codes) > 1 or len(codes) == len(word):
            good += sum(map(usual, codes))
    return min(1.0, good / total / _USUAL_IDEOGRAPHS) if total else 0.0


_WESTERN_1252, _WESTERN_MAC = _latin(_WESTERN, usual=True), _latin(_WESTERN)
_CENTRAL_1250 = _latin(_CENTRAL)
_LATIN: Final = (_WESTERN_1252, _WESTERN_MAC, _CENTRAL_1250)
_IDEOGRAPHIC: Final = (_shift_jis, _gbk)
#: All candidates, the most frequent first.
_CANDIDATES: Final = (
    Candidate("cp1252", "Windows-1252", _WESTERN_1252),
    Candidate("cp1250", "Windows-1250", _CENTRAL_1250),
    Candidate("cp1254", "Windows-1254", _latin(_TURKISH)),
    Candidate("mac_roman", "MacRoman", _WESTERN_MAC),
    Candidate("cp1251", "Windows-1251", _cyrillic),
    Candidate("koi8_r", "KOI8-R", _cyrillic),
    Candidate("cp932", "Shift-JIS", _shift_jis),
    Candidate("gbk", "GBK", _gbk),
)
