"""Which encoding results in plausible text for bytes that are not UTF-8."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.manifest.readers.plausibility import choose_encoding

TITLES = {
    "cp1252": """Café last|Scène 1|Übung für Anfänger|España mañana|Ação e reação|naïve – “hello”
    |“hello” – world|l’été à Paris|Blåbær og øl|Größe|It’s here|© 2020 Foo|CAFÉ|ÉCOLE|El niño|10 °C
    |À bientôt|Café, Größe, España, Ação|é""",
    "cp1250": """Łódź|Życie jest piękne|Příklad z češtiny|Žluťoučký kůň|Magyarországi őszi túra
    |Zażółć gęślą jaźń|Čaša šuma|Účetní závěrka|Škola|Řeka a město|Święto""",
    "mac_roman": "Café “intro” – Übung|Naïve résumé|Größe|España|Ça va…|São Paulo|“hello” world",
    "cp1251": """Привет|Первый урок: введение|Как пользоваться платформой|ПРИВЕТ МИР
    |Український відеоурок|Обучение персонала|Урок 1|Техника безопасности|Здравейте""",
    "koi8_r": "Привет|Первый урок: введение|Как пользоваться платформой|ПРИВЕТ МИР",
    "gbk": "欢迎加入团队|安全培训|视频测试|第一课：介绍|公司简介|你好，世界|如何使用平台|员工手册",
    "cp932": "日本語|はじめての動画|研修ビデオ 1|会社案内|ようこそ|アカウントの作成|新入社員研修",
}
FOREIGN = {
    "euc_kr": "안녕하세요 여러분|직원 교육|회사 소개",
    "euc_jp": "はじめての動画|会社案内",
    "big5": "歡迎加入團隊|公司簡介",
    "cp1253": "Καλημέρα κόσμε|Εκπαίδευση",
    "cp1255": "שלום עולם",
    "cp1256": "مرحبا بالعالم",
}


def pairs(titles: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, title.strip()) for name, all_ in titles.items() for title in all_.split("|")]


@pytest.mark.parametrize(("encoding", "title"), pairs(TITLES))
def test_one_title_is_enough_to_choose_its_encoding(encoding: str, title: str) -> None:
    found = choose_encoding(title.encode(encoding))
    assert (found.text, found.is_certain) == (title, True)


@pytest.mark.parametrize("encoding", TITLES)
def test_many_titles_are_read_in_their_encoding(encoding: str) -> None:
    text = "\n".join(title for name, title in pairs(TITLES) if name == encoding)
    found = choose_encoding(text.encode(encoding))
    assert (found.text, found.is_certain) == (text, True)


@pytest.mark.parametrize(("encoding", "title"), pairs(FOREIGN))
def test_an_unsupported_encoding_is_not_mistaken_for_another(encoding: str, title: str) -> None:
    assert not choose_encoding(title.encode(encoding)).is_certain


@given(st.binary(max_size=60).filter(lambda data: not data.isascii()))
def test_any_bytes_are_accepted(data: bytes) -> None:
    found = choose_encoding(data)
    if found.is_certain:
        assert found.text == data.decode(found.best.name)


@pytest.mark.parametrize(
    ("data", "is_proven"),
    [(b"a" * 60_000 + b"\xe9", False), (b"\xe1" * 60_000, False), (b"\xd5z" * 30_000, True)],
)
def test_long_repetitions_are_read_in_linear_time(data: bytes, is_proven: bool) -> None:  # noqa: FBT001
    assert choose_encoding(data).is_certain == is_proven
