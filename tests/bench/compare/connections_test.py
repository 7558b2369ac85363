"""The two connections read what servers send, in whatever pieces it comes."""

import socket
import struct
import threading
import unittest

import compare_path  # noqa: F401
from http_connection import HttpConnection
from postgres_connection import PostgresError, messages, table_of


def served(*pieces):
    """What a client gets from a server that answers one request with `pieces`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def answer():
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 16)
                for piece in pieces:
                    connection.sendall(piece)

        thread = threading.Thread(target=answer)
        thread.start()
        client = HttpConnection("127.0.0.1", listener.getsockname()[1], 10)
        try:
            return client.request("GET", "/")
        finally:
            client.close()
            thread.join()


class HttpConnectionTest(unittest.TestCase):
    def test_body_of_a_given_length(self):
        self.assertEqual(served(b"HTTP/1.1 200 OK\r\nContent-", b"Length: 5\r\n\r\nhe", b"llo"), (200, b"hello"))

    def test_no_content(self):
        self.assertEqual(served(b"HTTP/1.1 204 No Content\r\n\r\n"), (204, b""))

    def test_chunks(self):
        self.assertEqual(served(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe", b"llo\r", b"\n1;x=y\r\n!\r\n0\r\n",
                                b"\r\n"), (200, b"hello!"))

    def test_an_answer_that_is_cut_short_is_an_error(self):
        with self.assertRaises(OSError):
            served(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")


class IdleConnectionTest(unittest.TestCase):
    def test_a_connection_that_was_closed_while_idle_is_made_again(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            closed = threading.Event()

            def answer():
                for body in (b"1", b"2"):
                    connection, _ = listener.accept()
                    connection.recv(1 << 16)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + body)
                    connection.close()
                    closed.set()

            thread = threading.Thread(target=answer)
            thread.start()
            client = HttpConnection("127.0.0.1", listener.getsockname()[1], 10)
            self.assertEqual(client.request("GET", "/"), (200, b"1"))
            closed.wait()
            self.assertEqual(client.request("GET", "/"), (200, b"2"))
            client.close()
            thread.join()


def message(kind, payload):
    return kind + struct.pack("!i", 4 + len(payload)) + payload


def described(*names):
    return message(b"T", struct.pack("!h", len(names)) + b"".join(name.encode() + b"\0" + bytes(18) for name in names))


def row(*cells):
    payload = b"".join(struct.pack("!i", -1) if cell is None else struct.pack("!i", len(cell)) + cell for cell in cells)
    return message(b"D", struct.pack("!h", len(cells)) + payload)


READY = message(b"Z", b"I")


class PostgresConnectionTest(unittest.TestCase):
    def test_rows_and_names(self):
        raw = described("time", "max") + row(b"2016", b"5") + row(b"2017", None) + message(b"C", b"SELECT 2\0") + READY
        self.assertEqual(table_of(raw), (["time", "max"], [("2016", "5"), ("2017", None)]))

    def test_errors_are_raised_with_their_message(self):
        raw = message(b"E", b"SERROR\0Mno such table\0\0") + READY
        with self.assertRaisesRegex(PostgresError, "no such table"):
            table_of(raw)

    def test_an_answer_that_is_cut_short_is_an_error(self):
        raw = described("time") + row(b"2016")
        for size in (len(raw) - 1, len(raw) - 9, len(described("time")) + 3):
            with self.assertRaisesRegex(PostgresError, "cut short"):
                messages(raw[:size])


if __name__ == "__main__":
    unittest.main()
