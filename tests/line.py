"""A line between client and server that a test slows, cuts, or robs of its answers: a TCP proxy on loopback."""

import socket
import threading
import time
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

PIECE: Final = 16 * 1024


class Line:
    """Listens on a port of its own. What is set holds for what passes from then on."""

    def __init__(self, server: str) -> None:
        parts = urlsplit(server)
        self.target = (parts.hostname or "localhost", parts.port or 80)
        self.speed: int | None = None  # bytes a second towards the server
        self.cut_after: int | None = None  # bytes towards the server, counted anew by each `cut_after = …`
        self.answers = True  # whether answers reach the client
        self.down = False  # whether connections are refused
        self._open: set[socket.socket] = set()
        self._door = socket.create_server(("127.0.0.1", 0))
        self._door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * PIECE)
        self.url = f"http://localhost:{self._door.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self) -> None:
        """Break what is open, as a network does: with a reset, or none at all."""
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """The end."""
        self.down = True
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self.cut()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                if self.down:
                    client.close()
                    continue
                server = socket.create_connection(self.target)
                self._open |= {client, server}
                for way in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._carry, args=way, daemon=True).start()

    def _carry(self, start: socket.socket, end: socket.socket, up: bool) -> None:
        with suppress(OSError):
            while piece := start.recv(PIECE):
                if up and self.speed:
                    time.sleep(len(piece) / self.speed)
                if up and self.cut_after is not None:
                    piece, self.cut_after = piece[: self.cut_after], self.cut_after - len(piece)
                if up or self.answers:
                    end.sendall(piece)
                if (self.cut_after is not None and self.cut_after < 0) or (not up and not self.answers):
                    break
        for one in (start, end):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open -= {start, end}
