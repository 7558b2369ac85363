"""A connection that speaks as much of PostgreSQL's protocol (version 3) as simple queries need.

Source: PostgreSQL 15 documentation, chapter 55, "Frontend/Backend Protocol".
"""

import socket
import struct

READY = b"Z\x00\x00\x00\x05I"


class PostgresError(RuntimeError):
    pass


class PostgresConnection:
    """Not thread-safe. The server must trust the connection."""

    def __init__(self, host, port, user, database, timeout_s):
        self.socket = socket.create_connection((host, port), timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        words = b"".join(text.encode() + b"\0" for text in ("user", user, "database", database)) + b"\0"
        self.socket.sendall(struct.pack("!ii", 8 + len(words), 196608) + words)
        messages(self._receive())

    def close(self):
        self.socket.close()

    def ask(self, sql):
        """The raw messages of the answer, to be read with table_of(): reading them is not the server's work."""
        text = sql.encode() + b"\0"
        self.socket.sendall(b"Q" + struct.pack("!i", 4 + len(text)) + text)
        return self._receive()

    def run(self, sql):
        """Runs a statement; returns its rows as tuples of text."""
        return table_of(self.ask(sql))[1]

    def _receive(self):
        pieces, tail = [], b""
        while not tail.endswith(READY):
            piece = self.socket.recv(1 << 20)
            if not piece:
                raise PostgresError("the server closed the connection")
            pieces.append(piece)
            tail = (tail + piece)[-len(READY):]
        return b"".join(pieces)


def messages(raw):
    """[(type, payload)]; raises PostgresError when one of them is an error or the last is not whole."""
    found, offset = [], 0
    while offset < len(raw):
        kind = raw[offset:offset + 1]
        size = struct.unpack_from("!i", raw, offset + 1)[0] if offset + 5 <= len(raw) else len(raw)
        payload = raw[offset + 5:offset + 1 + size]
        if len(payload) != size - 4:
            raise PostgresError("an answer is cut short")
        if kind == b"E":
            words = dict((field[:1], field[1:].decode(errors="replace")) for field in payload.split(b"\0") if field)
            raise PostgresError(words.get(b"M", "unknown error"))
        found.append((kind, payload))
        offset += 1 + size
    return found


def table_of(raw):
    """(column names, rows as tuples of text or None)."""
    names, rows = [], []
    for kind, payload in messages(raw):
        if kind == b"T":
            names, offset = [], 2
            for _ in range(struct.unpack_from("!h", payload)[0]):
                end = payload.index(b"\0", offset)
                names.append(payload[offset:end].decode())
                offset = end + 19
        elif kind == b"D":
            row, offset = [], 2
            for _ in range(struct.unpack_from("!h", payload)[0]):
                size = struct.unpack_from("!i", payload, offset)[0]
                offset += 4
                row.append(None if size < 0 else payload[offset:offset + size].decode())
                offset += max(size, 0)
            rows.append(tuple(row))
    return names, rows
