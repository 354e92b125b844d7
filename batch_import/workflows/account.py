"""Which account the credentials belong to, and whether a job belongs to the same account."""

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


def account(settings: Settings, credentials: Credentials, stop: threading.Event) -> Account:
    """Test the credentials with one request, and return the account.

    Raises:
        CredentialsRefused: the platform does not accept the credentials.
        PlatformUnreachable: the platform does not answer, or what answers is not the platform.
    """
    with PlatformSession(settings, credentials, stop) as session:
        return session.get_account()


@contextmanager
def signed_in(
    session: PlatformSession, job: Job, problem: Callable[[str], None]
) -> Iterator[Account]:
    """Sign in, and share the account's rate limit with its other commands until the block ends.

    Args:
        problem: called with a sentence if the rate limit cannot be shared.

    Raises:
        CredentialsRefused, PlatformUnreachable: as for `account`.
        StateError: the database that has the record of the rate limit cannot be used.
    """
    found = session.get_account()
    ledger = open_ledger(job, f"{session.settings.api_base} {found.id}")
    with session.rate_limiter.shared(ledger, problem):
        yield found


def claim_account(store: Store, settings: Settings, found: Account) -> None:
    """Record the account in the job. All rows of a job are imported into one account.

    Raises:
        StateError: the job was started with another account, or with another API.
    """
    check_account(store, settings, found)
    store.facts.save(
        facts.API_BASE.of(settings.api_base),
        facts.ACCOUNT.of(found.id),
        facts.EMBED_BASE.of(settings.embed_base),
    )


def check_account(
    store: Store, settings: Settings, found: Account, *, embeds: bool = False
) -> None:
    """Raise an error if the job was started with another account.

    Args:
        embeds: also compare the base URL of the embed pages.

    Raises:
        StateError: the job was started with another account, or with another API.
    """
    parts = [
        (facts.API_BASE, settings.api_base, setting_ref("api_base")),
        (facts.ACCOUNT, found.id, "the credentials"),
    ]
    parts += [(facts.EMBED_BASE, settings.embed_base, setting_ref("embed_base"))] if embeds else []
    for fact, value, subject in parts:
        known = store.facts.get(fact)
        if known and known != value:
            raise StateError(
                f"This job was started with the {fact.name.replace('_', ' ')} {known},"
                f" not {value}.",
                f"Change {subject} back,"
                f" or import into the other one with another {setting_ref('job')}.",
            )
