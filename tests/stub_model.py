"""A model server for tests: a few routes of an OpenAI-compatible API on loopback, that solves toy puzzles now and then.

    with StubModel() as server:
        ... POST f"{server.url}/chat/completions" with model "solve-90": right nine times in ten

Whether it solves a puzzle follows from the model's name and the puzzle alone, so every run is the same.
"""

import base64
import codecs
import hashlib
import json
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any

PUZZLE = re.compile(r"PUZZLE kind=(\w+) text=(\S+)")
DECODERS: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64decode(text).decode(),
    "hex": lambda text: bytes.fromhex(text).decode(),
    "rot13": lambda text: codecs.decode(text, "rot13"),
}


def chance(*parts: str) -> float:
    """A number from 0 to 1 that follows from the words given."""
    return int.from_bytes(hashlib.sha256("|".join(parts).encode()).digest()[:8], "big") / 2**64


def completion(model: str, prompt: str) -> dict[str, Any]:
    """The answer of a chat completion by `solve-NN`, with the id of the version that served it."""
    found = PUZZLE.search(prompt)
    skill = int(model.rpartition("-")[2]) / 100
    solved = found is not None and chance(model, found.group(2)) < skill
    answer = DECODERS[found.group(1)](found.group(2)) if found and solved else "FLAG{wrong}"
    text, asked = f"ANSWER: {answer}", max(1, len(prompt) // 4)
    return {
        "id": f"chatcmpl-{hashlib.sha256(prompt.encode()).hexdigest()[:12]}",
        "object": "chat.completion",
        "model": f"{model}-2026-11-01",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": asked, "completion_tokens": 12, "total_tokens": asked + 12},
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # head and body in one packet: a delayed acknowledgement costs 40 ms an answer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/v1/chat/completions":
            self._answer(404, {"error": {"message": "no such route", "type": "invalid_request_error"}})
            return
        prompt = "\n".join(one["content"] for one in body["messages"] if one["role"] == "user")
        self._answer(200, completion(body["model"], prompt))

    def _answer(self, status: int, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


class StubModel:
    """The server, while a `with` block lasts."""

    def __enter__(self) -> "StubModel":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where its API begins."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"
