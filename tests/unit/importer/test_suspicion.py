"""A 403 is the credentials' fault or the call's, and the account tells which."""

import pytest
from batch_import.importer.suspicion import Suspicion

from batch_import.errors import Forbidden, NoAnswer
from batch_import.importer.calls import AskAccount, ReadPage
from batch_import.models import Account

WORDS = Forbidden("not yours", status=403)


@pytest.fixture
def suspicion() -> Suspicion:
    suspicion = Suspicion()
    assert not suspicion
    suspicion.accuse(ReadPage(1), WORDS)
    suspicion.accuse(ReadPage(2), WORDS)
    assert suspicion
    return suspicion


def test_the_account_is_asked_once_at_a_time(suspicion: Suspicion) -> None:
    assert suspicion.ask() == AskAccount()
    assert suspicion.ask() is None


def test_calls_are_to_blame_where_the_credentials_hold(suspicion: Suspicion) -> None:
    suspicion.ask()
    assert suspicion.told(Account("a", "Us")) == [(ReadPage(1), WORDS), (ReadPage(2), WORDS)]
    assert not suspicion


@pytest.mark.parametrize("answer", [WORDS, NoAnswer("cut")])
def test_no_call_is_to_blame_before_the_credentials_are_known_to_hold(
    suspicion: Suspicion, answer: Forbidden | NoAnswer
) -> None:
    suspicion.ask()
    assert suspicion.told(answer) == []
    assert suspicion
    assert suspicion.ask() == AskAccount()


def test_nothing_is_suspected_after_the_end(suspicion: Suspicion) -> None:
    assert suspicion.drop() == [(ReadPage(1), WORDS), (ReadPage(2), WORDS)]
    assert not suspicion
