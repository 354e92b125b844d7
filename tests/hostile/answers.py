"""Handlers: each sends one kind of answer that must not hurt whoever receives it."""

import gzip
import socket
from time import sleep

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def one_byte_at_a_time(connection: socket.socket) -> None:
    """A body without an end, a byte every tenth of a second."""
    connection.sendall(OK + b"Content-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        sleep(0.1)


def headers_without_end(connection: socket.socket) -> None:
    """Headers, a byte every tenth of a second."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        connection.sendall(b"a")
        sleep(0.1)


def silence(connection: socket.socket) -> None:
    """Nothing at all."""
    sleep(30)
    connection.close()


def endless_body(connection: socket.socket) -> None:
    """Half a gigabyte, as fast as it is read."""
    connection.sendall(OK + b"Content-Length: 500000000\r\n\r\n")
    piece = b" " * 1_000_000
    for _ in range(500):
        connection.sendall(piece)


def gzip_bomb(connection: socket.socket) -> None:
    """Few bytes that unpack to gigabytes."""
    packed = gzip.compress(b" " * 50_000_000)
    body = packed * 20
    head = f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(OK + head.encode() + body)


def chunk_without_end(connection: socket.socket) -> None:
    """A chunk of -1 bytes: http.client reads on for as long as something comes."""
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n")
    piece = b" " * 1_000_000
    for _ in range(500):
        connection.sendall(piece)


def trailers_without_end(connection: socket.socket) -> None:
    """A body that is all there, and what follows it never ends."""
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
    while True:
        connection.sendall(b"a: b\r\n" * 10_000)


def interim_answers_without_end(connection: socket.socket) -> None:
    """Wait, wait, wait."""
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000)


def answer_with(headers: bytes, body: bytes = b'{"id": "a", "title": "b"}') -> "object":
    """A good answer with any bytes as its headers."""

    def handler(connection: socket.socket) -> None:
        length = f"Content-Length: {len(body)}\r\n\r\n".encode()
        connection.sendall(OK + headers + b"\r\n" + length + body)

    return handler


def gzip_in_gzip(connection: socket.socket) -> None:
    """A few kilobytes that unpack to a megabyte, and that to a gigabyte."""
    body = gzip.compress(gzip.compress(b" " * 50_000_000) * 20)
    head = f"Content-Encoding: gzip, gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(OK + head.encode() + body)


def redirect_to(location: bytes) -> "object":
    """A redirect with any bytes as its target."""

    def handler(connection: socket.socket) -> None:
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n"
        )

    return handler


def cut_body(connection: socket.socket) -> None:
    """Fewer bytes than announced."""
    connection.sendall(OK + b'Content-Length: 100\r\n\r\n{"id":')


def no_http(connection: socket.socket) -> None:
    """What is no HTTP."""
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


def bad_gzip(connection: socket.socket) -> None:
    """A body that is not packed as it says."""
    connection.sendall(OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope")


def angle_brackets(connection: socket.socket) -> None:
    """An error page of 1.8 MB of `<`."""
    body = b"<" * 1_800_000
    connection.sendall(
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n"
        + f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )


def bad_content_length(connection: socket.socket) -> None:
    """A length that is no number."""
    connection.sendall(OK + b"Content-Length: many\r\n\r\n{}")


def answer_after(seconds: float, body: bytes) -> "object":
    """A good answer, late."""

    def handler(connection: socket.socket) -> None:
        sleep(seconds)
        connection.sendall(OK + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)

    return handler


def status(line: str) -> "object":
    """An empty answer with any status line."""

    def handler(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n".encode())

    return handler
