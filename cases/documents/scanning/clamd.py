"""The virus scanner: a client of clamd's INSTREAM command, over a Unix socket or TCP.

`CLAMD_ADDRESS` names it: the path of a socket, or host:port. A file larger than clamd's StreamMaxLength is answered as
such; raise that setting to the portal's own limit.
"""

import select
import socket
import struct
from typing import BinaryIO, Final

CHUNK: Final = 256 * 1024
CONNECT_S: Final = 5
ANSWER_S: Final = 300  # clamd looks through the whole file after its last byte


class ScannerAway(Exception):
    """The scanner did not answer, or not with an answer."""


def scan(file: BinaryIO, address: str) -> str:
    """Have clamd look through a file: nothing, `virus`, or `unscanned` where it is too large for it.

    Raises ScannerAway when it cannot be reached or breaks off.
    """
    file.seek(0)
    try:
        with _connected(address) as line:
            try:
                line.sendall(b"zINSTREAM\0")
                while (chunk := file.read(CHUNK)) and not _says_something(line):
                    line.sendall(struct.pack("!L", len(chunk)) + chunk)
                line.sendall(struct.pack("!L", 0))
            except (BrokenPipeError, ConnectionResetError):
                pass  # it says why and hangs up before the last byte
            answer = line.recv(4096).rstrip(b"\0\n")
    except OSError as error:
        raise ScannerAway(type(error).__name__) from error
    if answer.endswith(b" OK"):
        return ""
    if answer.endswith(b" FOUND"):
        return "virus"
    if b"size limit exceeded" in answer:
        return "unscanned"
    raise ScannerAway("no answer that says so")


def _says_something(line: socket.socket) -> bool:
    """Whether an answer is there before the last byte was sent."""
    return bool(select.select([line], [], [], 0)[0])


def _connected(address: str) -> socket.socket:
    if address.startswith("/"):
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(CONNECT_S)
        line.connect(address)
    else:
        host, _, port = address.rpartition(":")
        line = socket.create_connection((host.strip("[]"), int(port)), CONNECT_S)
    line.settimeout(ANSWER_S)
    return line
