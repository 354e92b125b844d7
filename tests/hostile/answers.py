"""Handlers of a hostile server: each sends one kind of answer that must not harm the client.

The functions that are annotated to return `object` return such a handler.
"""

import gzip
import socket
from time import sleep

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def one_byte_at_a_time(connection: socket.socket) -> None:
    """Send a body that does not end, with a byte every tenth of a second."""
    connection.sendall(OK + b"Content-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        sleep(0.1)


def headers_without_end(connection: socket.socket) -> None:
    """Send headers that do not end, with a byte every tenth of a second."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        connection.sendall(b"a")
        sleep(0.1)


def silence(connection: socket.socket) -> None:
    """Send nothing."""
    sleep(30)
    connection.close()


def endless_body(connection: socket.socket) -> None:
    """Send half a gigabyte, as fast as the client reads it."""
    connection.sendall(OK + b"Content-Length: 500000000\r\n\r\n")
    piece = b" " * 1_000_000
    for _ in range(500):
        connection.sendall(piece)


def gzip_bomb(connection: socket.socket) -> None:
    """Send a small compressed body that decompresses to a gigabyte."""
    packed = gzip.compress(b" " * 50_000_000)
    body = packed * 20
    head = f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(OK + head.encode() + body)


def chunk_without_end(connection: socket.socket) -> None:
    """Send a chunk of -1 bytes: http.client then reads until the connection is closed."""
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n")
    piece = b" " * 1_000_000
    for _ in range(500):
        connection.sendall(piece)


def trailers_without_end(connection: socket.socket) -> None:
    """Send a complete body, and then trailers that do not end."""
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
    while True:
        connection.sendall(b"a: b\r\n" * 10_000)


def interim_answers_without_end(connection: socket.socket) -> None:
    """Send `100 Continue` again and again."""
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000)


def answer_with(headers: bytes, body: bytes = b'{"id": "a", "title": "b"}') -> "object":
    """Return a handler that sends a good answer with any bytes as its headers."""

    def handler(connection: socket.socket) -> None:
        length = f"Content-Length: {len(body)}\r\n\r\n".encode()
        connection.sendall(OK + headers + b"\r\n" + length + body)

    return handler


def gzip_in_gzip(connection: socket.socket) -> None:
    """Send a few kilobytes that decompress to a megabyte, which decompresses to a gigabyte."""
    body = gzip.compress(gzip.compress(b" " * 50_000_000) * 20)
    head = f"Content-Encoding: gzip, gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(OK + head.encode() + body)


def redirect_to(location: bytes) -> "object":
    """Return a handler that sends a redirect with any bytes as its target."""

    def handler(connection: socket.socket) -> None:
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n"
        )

    return handler


def cut_body(connection: socket.socket) -> None:
    """Send a body that is shorter than its `Content-Length`."""
    connection.sendall(OK + b'Content-Length: 100\r\n\r\n{"id":')


def cut_body_of_a_gateway(connection: socket.socket) -> None:
    """Send the error of a gateway with a body that is shorter than its `Content-Length`."""
    connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 100\r\n\r\n<html>")


def unreadable_gzip_of_a_gateway(connection: socket.socket) -> None:
    """Send the error of a gateway with a body that cannot be decompressed."""
    headers = b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n"
    connection.sendall(b"HTTP/1.1 504 Gateway Timeout\r\n" + headers + b"nope")


def no_http(connection: socket.socket) -> None:
    """Send bytes that are not HTTP."""
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


def bad_gzip(connection: socket.socket) -> None:
    """Send a body that is not compressed, although its header says gzip."""
    connection.sendall(OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope")


def angle_brackets(connection: socket.socket) -> None:
    """Send an error page with 1.8 MB of `<`."""
    body = b"<" * 1_800_000
    connection.sendall(
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n"
        + f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )


def bad_content_length(connection: socket.socket) -> None:
    """Send a `Content-Length` that is not a number."""
    connection.sendall(OK + b"Content-Length: many\r\n\r\n{}")


def answer_after(seconds: float, body: bytes) -> "object":
    """Return a handler that sends a good answer after some seconds."""

    def handler(connection: socket.socket) -> None:
        sleep(seconds)
        connection.sendall(OK + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)

    return handler


def status(line: str) -> "object":
    """Return a handler that sends an empty answer with any status line."""

    def handler(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n".encode())

    return handler
