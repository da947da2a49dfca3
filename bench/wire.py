"""Stands between Gatewright and PostgreSQL and writes down every round trip and every commit.

It reads version 3 of the protocol (PostgreSQL manual, "Frontend/Backend Protocol", message formats). A round trip
ends with Sync or a simple Query: that is where a client waits for ReadyForQuery. A commit is one that the server
reports, or a statement that writes outside of any transaction.
"""

import asyncio
import threading
from dataclasses import dataclass, field

SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
WRITING = ("INSERT", "UPDATE", "DELETE", "MERGE")


@dataclass(frozen=True)
class Event:
    """One round trip, or one commit, of one connection."""

    kind: str
    connection: int
    text: str


class Wire:
    """The listener, on a thread of its own; `events` grows as traffic passes."""

    def __init__(self, port: int, server_port: int):
        self.port = port
        self.server_port = server_port
        self.events: list[Event] = []
        self._connections = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "Wire":
        self._thread.start()
        listening = asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._listener = asyncio.run_coroutine_threadsafe(listening, self._loop).result(10)
        return self

    def __exit__(self, *_) -> None:
        asyncio.run_coroutine_threadsafe(self._end_relays(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _end_relays(self) -> None:
        self._listener.close()
        relays = asyncio.all_tasks() - {asyncio.current_task()}
        for relay in relays:
            relay.cancel()
        await asyncio.gather(*relays, return_exceptions=True)

    async def _serve(self, client_reader: asyncio.StreamReader, client_writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        log = ConnectionLog(self._connections, self.events)
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.server_port)
        await asyncio.gather(
            _relay(client_reader, server_writer, log.from_client), _relay(server_reader, client_writer, log.from_server)
        )


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, observe) -> None:
    try:
        while data := await reader.read(65536):
            # Written down first: whoever sees the answer finds the event.
            observe(data)
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@dataclass
class ConnectionLog:
    """What one connection says, message by message."""

    number: int
    events: list[Event]
    _client: bytearray = field(default_factory=bytearray)
    _server: bytearray = field(default_factory=bytearray)
    _started: bool = False
    _bare_answers: int = 0
    _statements: dict[str, str] = field(default_factory=dict)
    _texts: list[str] = field(default_factory=list)
    _tags: list[str] = field(default_factory=list)
    _status: str = "I"

    def from_client(self, data: bytes) -> None:
        """Reads bytes that the client sent."""
        self._client += data
        while not self._started and len(self._client) >= 8:
            length, code = (int.from_bytes(self._client[at : at + 4]) for at in (0, 4))
            if len(self._client) < length:
                return
            del self._client[:length]
            if code in (SSL_REQUEST, GSS_REQUEST):
                # Answered by a single byte that is no message.
                self._bare_answers += 1
            else:
                self._started = True
        if self._started:
            for kind, body in _messages(self._client):
                self._client_message(kind, body)

    def from_server(self, data: bytes) -> None:
        """Reads bytes that the server sent."""
        self._server += data
        while self._bare_answers and self._server:
            del self._server[:1]
            self._bare_answers -= 1
        for kind, body in _messages(self._server):
            self._server_message(kind, body)

    def _client_message(self, kind: str, body: bytes) -> None:
        match kind:
            case "P":
                name, text, _ = body.split(b"\0", 2)
                self._statements[name.decode()] = text.decode()
                self._texts.append("PARSE " + text.decode())
            case "B":
                _, name, _ = body.split(b"\0", 2)
                self._texts.append(self._statements.get(name.decode(), "?"))
            case "Q":
                self._round_trip(body.rstrip(b"\0").decode())
            case "S":
                self._round_trip("; ".join(self._texts))

    def _round_trip(self, text: str) -> None:
        self._texts.clear()
        self.events.append(Event("round trip", self.number, " ".join(text.split())))

    def _server_message(self, kind: str, body: bytes) -> None:
        if kind == "C":
            self._tags.append(body.rstrip(b"\0").decode())
        elif kind == "Z":
            status = body.decode()
            commits = self._tags.count("COMMIT")
            if not commits and self._status == status == "I":
                commits = int(any(tag.startswith(WRITING) for tag in self._tags))
            self.events += [Event("commit", self.number, "; ".join(self._tags))] * commits
            self._tags.clear()
            self._status = status


def _messages(buffer: bytearray):
    """Takes the whole messages from a buffer's front: a letter, a length that counts itself, the body."""
    while len(buffer) >= 5:
        length = int.from_bytes(buffer[1:5])
        if len(buffer) < 1 + length:
            return
        kind, body = chr(buffer[0]), bytes(buffer[5 : 1 + length])
        del buffer[: 1 + length]
        yield kind, body
