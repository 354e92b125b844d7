"""Detect the encoding of text that is not UTF-8, by the plausibility of each candidate. No I/O.

Nearly every byte is a character in nearly every encoding; therefore decoding without an error
proves nothing. An encoding is plausible if the decoded text looks like words. In Latin script, the
letters of a word must be of one language. In other scripts, the characters must be frequent
Chinese, Japanese or Cyrillic characters. Capitals must be at plausible positions. This module must
not know files.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

#: Minimum plausibility of an encoding that is used without a question.
MIN_PLAUSIBILITY: Final = 0.8
#: An encoding is certain only if its plausibility is by this much greater than that of all others.
_MIN_LEAD: Final = 0.05

#: Non-ASCII letters of each language, for the languages of an encoding.
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
#: Fraction of common characters from which a Chinese or Japanese text is fully plausible. Any text
#: has a few rare characters.
_COMMON_SHARE: Final = 0.85
#: In GB 2312, the first byte of a character is the number of its row. The rows before the rows of
#: kana have symbols and punctuation.
_KANA_ROWS: Final = (0xA4, 0xA5)
_FIRST_HANZI_ROW: Final = 0xB0
_LAST_COMMON_HANZI_ROW: Final = 0xD7
#: The last row of Hangul in EUC-KR, which has the same layout as GB 2312.
_LAST_HANGUL_ROW: Final = 0xC8
#: If more than this fraction of the characters is kana, the text is Japanese.
_MAX_KANA_SHARE: Final = 0.2
#: Punctuation next to words in any language.
_PUNCTUATION: Final = frozenset("“”‘’„‚«»‹›–—…•·€£©®™°§¿¡№×\N{NO-BREAK SPACE}″′†")
#: Weight of the rule that all words are of one language, from 0 to 1.
_ONE_LANGUAGE_WEIGHT: Final = 0.15
#: Sequences that do not occur in the languages of these letters. They are letters of Windows-1250
#: and -1254 that look different in Windows-1252: ő as õ, ă as ã, Ś as Œ, č as è, ş as þ.
_IMPOSSIBLE_SEQUENCE = re.compile(
    r"[áéíóú]\w*õ(?!e)|õ(?!e)\w*[áéíóú]|õ(?=sz|\b)|ã(?=[^oesn\W])|œ(?=[^udicetr\W])|è(?=[aeouyáéíóú])|þ\b"
)
#: Non-ASCII letters that are words by themselves.
_ONE_LETTER_WORDS: Final = frozenset("àèéêìíîòóôùúáâåæøöäýÀÈÉÊÌÍÎÒÓÔÙÚÁÂÅÆØÖÄÝžŽ")
#: Maximum fraction of non-ASCII letters in a Latin word of at least this number of letters.
_MAX_ACCENT_SHARE: Final = 0.75
_MIN_LETTERS_FOR_SHARE: Final = 3
#: Maximum length of a word, in letters.
_MAX_WORD_LENGTH: Final = 100
#: The most frequent Cyrillic letters. They are 70 % of Russian, Ukrainian, Bulgarian and Serbian
#: text, and 30 % of text that was decoded with a wrong encoding.
_FREQUENT_CYRILLIC: Final = frozenset("оеаинтсрвлкмдпуіј")
#: Fraction of these letters from which a text is plausible.
_FREQUENT_CYRILLIC_SHARE: Final = 0.6
#: Weight of the rule that more of these letters are better, from 0 to 1. The rule distinguishes
#: Windows-1251 from KOI8-R in text of capital letters.
_CYRILLIC_FREQUENCY_WEIGHT: Final = 0.3

#: A sequence of letters and non-ASCII characters.
_WORD = re.compile(r"[^\x00-\x40\x5b-\x60\x7b-\x7f]+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate encoding.

    Attributes:
        name: Python's name.
        label: name for the user.
        plausibility_of: calculates the plausibility of words with non-ASCII characters, from 0 to
            1.
    """

    name: str
    label: str
    plausibility_of: Callable[[Sequence[str]], float]


@dataclass(frozen=True, slots=True)
class DecodingChoice:
    """The result of the detection.

    Attributes:
        best: the most plausible encoding.
        is_certain: whether it is plausible, and preferred to every rival. A rival is another
            encoding with a different text that is nearly as plausible.
        text: the text, decoded with the best encoding.
        has_rival: whether there is a rival.
    """

    best: Candidate
    is_certain: bool
    text: str
    has_rival: bool = False


def choose_encoding(data: bytes) -> DecodingChoice:
    """Detect the encoding of bytes that are not UTF-8."""
    decoded: list[tuple[float, Candidate, str]] = []
    for candidate in _CANDIDATES:
        try:
            text = data.decode(candidate.name)
        except UnicodeDecodeError:
            continue
        decoded.append((candidate.plausibility_of(_non_ascii_words(text)), candidate, text))
    if not decoded:
        text = data.decode("cp1252", "replace")
        return DecodingChoice(_CANDIDATES[0], is_certain=False, text=text)
    # max() returns the first of equal candidates, which are ordered by frequency.
    plausibility, best, text = max(decoded, key=lambda entry: entry[0])
    rivals = [
        rival
        for rival_plausibility, rival, rival_text in decoded
        if rival_text != text and rival_plausibility > plausibility - _MIN_LEAD
    ]
    is_preferred = all(_is_preferred(best, rival) for rival in rivals)
    is_certain = plausibility >= MIN_PLAUSIBILITY and is_preferred
    return DecodingChoice(best, is_certain, text, bool(rivals))


def _non_ascii_words(text: str) -> list[str]:
    """Return the words with non-ASCII characters."""
    return [word for word in _WORD.findall(text) if not word.isascii()]


def _is_preferred(best: Candidate, rival: Candidate) -> bool:
    """Whether the best candidate is preferred to another that is nearly as plausible.

    A more frequent Latin encoding is preferred to a rarer one. An encoding of an alphabet is
    preferred to an encoding of thousands of ideographs, because nearly any two bytes are an
    ideograph.
    """
    if rival.plausibility_of in _IDEOGRAPHIC:
        return best.plausibility_of not in _IDEOGRAPHIC
    return best.plausibility_of in _LATIN and rival.plausibility_of in _LATIN


# Functions that calculate the plausibility of words with non-ASCII characters, from 0 to 1.


def _latin_plausibility(
    languages: Sequence[frozenset[str]], *, accepts_single_letters: bool = False
) -> Callable[[Sequence[str]], float]:
    """Return the function for a Latin encoding.

    Args:
        languages: the non-ASCII letters of each language of the encoding.
        accepts_single_letters: whether the encoding is plausible for words of one letter only. They
            are evidence only for the most frequent encoding.
    """

    def plausibility_of(words: Sequence[str]) -> float:
        if not accepts_single_letters and not any(len(word) > 1 for word in words):
            return 0.0
        letters = _count_non_ascii_letters(words)
        best_language = max(sum(letters[c] for c in language) for language in languages)
        language_share = best_language / letters.total() if letters else 1.0
        word_share = _share(words, lambda word: _is_latin_word(word, languages))
        # A list of videos may be in several languages, but a word is in one.
        return word_share * (1 - _ONE_LANGUAGE_WEIGHT + _ONE_LANGUAGE_WEIGHT * language_share)

    return plausibility_of


def _count_non_ascii_letters(words: Sequence[str]) -> Counter[str]:
    return Counter(c for word in words for c in word.lower() if c > "\x7f" and c.isalpha())


def _is_latin_word(word: str, languages: Sequence[frozenset[str]]) -> bool:
    """Whether a word looks like a word of one of the languages."""
    letters = word.strip("".join(_PUNCTUATION)).replace("’", "")
    accents = {c for c in letters.lower() if c > "\x7f"}
    if not accents or len(letters) > _MAX_WORD_LENGTH:
        return not accents
    if len(letters) == 1:
        return letters in _ONE_LETTER_WORDS
    accent_count = sum(1 for c in letters if c > "\x7f")
    has_few_accents = (
        accent_count <= _MAX_ACCENT_SHARE * len(letters) or len(letters) < _MIN_LETTERS_FOR_SHARE
    )
    is_of_one_language = any(accents <= language for language in languages)
    return (
        is_of_one_language
        and has_few_accents
        and _has_plausible_capitals(letters)
        and not _IMPOSSIBLE_SEQUENCE.search(letters.lower())
    )


def _cyrillic_plausibility(words: Sequence[str]) -> float:
    letters = _count_non_ascii_letters(words)
    if not letters or not any(len(word) > 1 for word in words):
        return 0.0  # a single letter is no evidence
    share = sum(letters[c] for c in _FREQUENT_CYRILLIC) / letters.total()
    weight = _CYRILLIC_FREQUENCY_WEIGHT
    frequency = (1 - weight) * min(1.0, share / _FREQUENT_CYRILLIC_SHARE) + weight * share
    return frequency * _share(words, _is_cyrillic_word)


def _is_cyrillic_word(word: str) -> bool:
    core = word.strip("".join(_PUNCTUATION))
    for character in core:
        if not character.isalpha() and character not in "-’":
            return False
        if character.isalpha() and not unicodedata.name(character, "").startswith("CYRILLIC"):
            return False
    return _has_plausible_capitals(core)


def _has_plausible_capitals(word: str) -> bool:
    """Whether non-ASCII capitals are only the first letter, or the word has no small letters."""
    letters = [c for c in word if c.isalpha()]
    has_later_capital = any(c > "\x7f" and c.isupper() for c in letters[1:])
    return not has_later_capital or not any(map(str.islower, letters))


def _share(words: Sequence[str], is_plausible: Callable[[str], bool]) -> float:
    """Return the fraction of plausible words; 0 if there are no words."""
    return sum(map(is_plausible, words)) / len(words) if words else 0.0


def _gbk_plausibility(words: Sequence[str]) -> float:
    codes = [c.encode("gbk", "replace") for word in words for c in word if c > "\x7f"]
    kana_count = sum(1 for code in codes if code[0] in _KANA_ROWS)
    rows = {code[0] for code in codes if code[0] >= _FIRST_HANZI_ROW}
    has_much_kana = kana_count > _MAX_KANA_SHARE * len(codes)
    if not rows or has_much_kana or max(rows) <= _LAST_HANGUL_ROW:
        return 0.0  # EUC-JP or EUC-KR, which have other characters at the same positions
    return _common_share(words, "gbk", _is_common_in_chinese)


def _is_common_in_chinese(code: bytes) -> bool:
    if len(code) == 1:
        return False  # the character does not exist in GBK
    row, second_byte = code
    is_symbol = row < _KANA_ROWS[0]
    is_common_hanzi = _FIRST_HANZI_ROW <= row <= _LAST_COMMON_HANZI_ROW
    # In GB 2312, the subset of common characters, the second byte is greater than 0xA0.
    return second_byte > 0xA0 and (is_symbol or is_common_hanzi)  # noqa: PLR2004


def _shift_jis_plausibility(words: Sequence[str]) -> float:
    return _common_share(words, "cp932", _is_common_in_japanese)


def _is_common_in_japanese(code: bytes) -> bool:
    is_kana_or_symbol = b"\x81\x40" <= code <= b"\x83\x96"
    is_common_kanji = b"\x88\x9f" <= code <= b"\x98\x72"
    return len(code) > 1 and (is_kana_or_symbol or is_common_kanji)


def _common_share(words: Sequence[str], encoding: str, is_common: Callable[[bytes], bool]) -> float:
    """Return the plausibility of Chinese or Japanese words, by their fraction of common characters.

    Single non-ASCII characters within other words count as rare.
    """
    common_count = total = 0
    for word in words:
        codes = [c.encode(encoding, "replace") for c in word if c > "\x7f"]
        total += len(codes)
        if len(codes) > 1 or len(codes) == len(word):
            common_count += sum(map(is_common, codes))
    return min(1.0, common_count / total / _COMMON_SHARE) if total else 0.0


_WESTERN_1252 = _latin_plausibility(_WESTERN, accepts_single_letters=True)
_WESTERN_MAC = _latin_plausibility(_WESTERN)
_CENTRAL_1250 = _latin_plausibility(_CENTRAL)
#: The functions for Latin encodings of several languages.
_LATIN: Final = (_WESTERN_1252, _WESTERN_MAC, _CENTRAL_1250)
#: The functions for Chinese and Japanese.
_IDEOGRAPHIC: Final = (_shift_jis_plausibility, _gbk_plausibility)
#: All candidates, the most frequent first.
_CANDIDATES: Final = (
    Candidate("cp1252", "Windows-1252", _WESTERN_1252),
    Candidate("cp1250", "Windows-1250", _CENTRAL_1250),
    Candidate("cp1254", "Windows-1254", _latin_plausibility(_TURKISH)),
    Candidate("mac_roman", "MacRoman", _WESTERN_MAC),
    Candidate("cp1251", "Windows-1251", _cyrillic_plausibility),
    Candidate("koi8_r", "KOI8-R", _cyrillic_plausibility),
    Candidate("cp932", "Shift-JIS", _shift_jis_plausibility),
    Candidate("gbk", "GBK", _gbk_plausibility),
)
