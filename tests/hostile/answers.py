"""Handlers: each sends one kind of answer that must not hurt whoever receives it."""

import gzip
import socket
import time

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def one_byte_at_a_time(connection: socket.socket) -> None:
    """A body without an end, a byte every tenth of a second."""
    connection.sendall(OK + b"Content-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.1)


def headers_without_end(connection: socket.socket) -> None:
    """Headers, a byte every tenth of a second."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        connection.sendall(b"a")
        time.sleep(0.1)


def silence(connection: socket.socket) -> None:
    """Nothing at all."""
    time.sleep(30)
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
        time.sleep(seconds)
        connection.sendall(OK + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)

    return handler


def status(line: str) -> "object":
    """An empty answer with any status line."""

    def handler(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n".encode())

    return handler
