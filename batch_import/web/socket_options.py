"""Options of TCP connections that limit how long the system retransmits bytes. No I/O."""

import socket
import struct
import sys
from typing import Final

from urllib3.connection import HTTPConnection

#: Milliseconds after which the operating system gives up sending bytes that the other machine does
#: not acknowledge: one minute, which is also the default timeout of a response.
_UNACKNOWLEDGED_MILLISECONDS: Final = 60_000
#: Value of SO_LINGER (`struct linger`): if a connection is closed, the operating system discards
#: the bytes that the other machine has not acknowledged, even if this process was killed. Otherwise
#: the system would retransmit them, and a request could arrive after its run has ended.
#: By then, another run may have proven that the request created no video.
_DISCARD_WHEN_CLOSED: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
#: The options of each connection, as urllib3 expects them: level, name, value.
SOCKET_OPTIONS: Final = [
    *HTTPConnection.default_socket_options,
    (socket.SOL_SOCKET, socket.SO_LINGER, _DISCARD_WHEN_CLOSED),
    *(
        [(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MILLISECONDS)]
        if hasattr(socket, "TCP_USER_TIMEOUT")
        else []
    ),
]
