"""Find the account of the credentials, and check that a job belongs to this account."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from batch_import.configuration.credentials import Credentials
from batch_import.configuration.settings import Settings
from batch_import.errors import StateError, setting_ref
from batch_import.job import Job
from batch_import.state import facts
from batch_import.state.ledger import open_ledger
from batch_import.state.store import Store
from batch_import.viostream.responses import Account
from batch_import.viostream.session import PlatformSession


def read_account(settings: Settings, credentials: Credentials, stop: threading.Event) -> Account:
    """Test the credentials with one request, and return the account.

    Raises:
        CredentialsRefused: the platform does not accept the credentials.
        PlatformUnreachable: the platform does not answer, or another server answers in its place.
    """
    with PlatformSession(settings, credentials, stop) as session:
        return session.get_account()


@contextmanager
def sign_in(
    session: PlatformSession, job: Job, on_problem: Callable[[str], None]
) -> Iterator[Account]:
    """Test the credentials, and yield the account.

    Inside the `with` block, the session shares the account's rate limit with all other commands
    that use this account.

    Args:
        on_problem: called with a sentence if the rate limit cannot be shared.

    Raises:
        CredentialsRefused, PlatformUnreachable: as for `read_account`.
        StateError: the ledger, which has the shared record of the rate limit, cannot be used.
    """
    account = session.get_account()
    ledger = open_ledger(job, f"{session.settings.api_base} {account.id}")
    with session.rate_limiter.shared(ledger, on_problem):
        yield account


def claim_account(store: Store, settings: Settings, account: Account) -> None:
    """Record the account in the job database. All rows of a job are imported into one account.

    Raises:
        StateError: the job was started with another account, or with another API.
    """
    check_account(store, settings, account)
    store.facts.save(
        facts.API_BASE.of(settings.api_base),
        facts.ACCOUNT.of(account.id),
        facts.EMBED_BASE.of(settings.embed_base),
    )


def check_account(
    store: Store, settings: Settings, account: Account, *, checks_embeds: bool = False
) -> None:
    """Raise an error if the job was started with another account.

    Args:
        checks_embeds: whether to also compare the base URL of the embed pages.

    Raises:
        StateError: the job was started with another account, or with another API.
    """
    comparisons = [
        (facts.API_BASE, settings.api_base, setting_ref("api_base")),
        (facts.ACCOUNT, account.id, "the credentials"),
    ]
    if checks_embeds:
        comparisons.append((facts.EMBED_BASE, settings.embed_base, setting_ref("embed_base")))
    for fact, value, subject in comparisons:
        recorded = store.facts.get(fact)
        if recorded and recorded != value:
            raise StateError(
                f"This job was started with the {fact.name.replace('_', ' ')} {recorded},"
                f" not {value}.",
                f"Change {subject} back. To import into {value}, use another job folder"
                f" ({setting_ref('job')}).",
            )
