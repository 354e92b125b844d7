"""Who is to blame for an answer of 403: the credentials, or the call that got it. Pure.

A 403 may mean either. Until `account/info` tells, no row is blamed for it, and no other call is
made. This file must not know what becomes of a call that is to blame.
"""

from batch_import.errors import CallFailed, Forbidden
from batch_import.importer.calls import Answer, AskAccount, Call

#: A call, and what it was refused with.
Accused = tuple[Call, Forbidden]


class Suspicion:
    """The calls that were answered with 403, while nobody knows why."""

    def __init__(self) -> None:
        self._accused: list[Accused] = []
        self._asking = False

    def __bool__(self) -> bool:
        """Whether there are such calls."""
        return bool(self._accused)

    def accuse(self, call: Call, words: Forbidden) -> None:
        """Suspect a call that was answered with 403."""
        self._accused.append((call, words))

    def ask(self) -> AskAccount | None:
        """The call that tells; None while it is under way."""
        if self._asking:
            return None
        self._asking = True
        return AskAccount()

    def told(self, answer: Answer) -> list[Accused]:
        """The account was asked; returns the calls that are to blame, since the credentials hold.

        No call is where they do not, or where nobody knows yet: then the account is asked again.
        """
        self._asking = False
        return [] if isinstance(answer, CallFailed) else self.drop()

    def drop(self) -> list[Accused]:
        """Suspect none of the calls any more; returns them."""
        accused, self._accused = self._accused, []
        return accused
