"""How a plan reads the pages of the account."""

from typing import Any

import pytest

from batch_import.errors import RequestRejected
from batch_import.viostream.media_list_pager import REFUSED_PAGE
from batch_import.workflows import plan


class RefusingSession:
    """A session whose requests are all refused."""

    def send(self, request: object) -> Any:
        raise RequestRejected(f"there is no {request}", status=404)


def test_a_refused_page_after_the_first_one_is_recognized_as_refused() -> None:
    session: Any = RefusingSession()
    assert plan._request_page(session, 2) is REFUSED_PAGE  # noqa: SLF001
    with pytest.raises(RequestRejected):
        plan._request_page(session, 1)  # noqa: SLF001
