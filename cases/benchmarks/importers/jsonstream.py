"""Read JSON of any size piece by piece, NaN included, so that memory follows the largest piece and not the file.

ijson's parsers stop at NaN, which Inspect writes for samples without a score; so the pieces are found here and each
is decoded by the standard library's C scanner.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, Protocol

from cases.benchmarks.importers.base import Damaged

_SPACE = re.compile(r"[ \t\r\n]*")
_MARK = re.compile(r'["\[\]{}]')
_QUOTE = re.compile(r'["\\]')
_READ = 64 * 1024
_DECODER = json.JSONDecoder()


class Source(Protocol):
    """Anything with `read(n)` giving at most n bytes, and nothing at its end."""

    def read(self, size: int = -1, /) -> bytes: ...


class TooLarge(Exception):
    """A single value is over the limit for decoding at once; nothing of it has been consumed."""


class JsonStream:
    """A cursor over JSON text: `fields()` and `items()` walk containers, `value()` decodes, `skip()` passes over."""

    def __init__(self, source: Source, limit: int) -> None:
        self._source = source
        self._limit = limit
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._text = ""
        self._at = 0
        self._ended = False

    def _more(self) -> bool:
        """Read on, dropping what is consumed; each time at least as much as is waiting. False at the end."""
        if self._ended:
            return False
        waiting = self._text[self._at :]
        data = self._source.read(max(_READ, len(waiting)))
        try:
            self._text = waiting + self._decode(data, not data)
        except UnicodeDecodeError:
            raise Damaged("the text is not UTF-8") from None
        self._at = 0
        self._ended = not data
        return True

    def peek(self) -> str:
        """The next character that is not white space, or nothing at the end."""
        while True:
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _take(self, wanted: str) -> str:
        mark = self.peek()
        if not mark:
            raise Damaged("it ends in the middle")
        if mark not in wanted:
            raise Damaged("it is not valid JSON")
        self._at += 1
        return mark

    def value(self) -> Any:
        """The whole next value. Raises TooLarge, consuming nothing, when it is over the limit."""
        self.peek()
        while True:
            try:
                found, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - 16
                if not cut:
                    raise Damaged("it is not valid JSON") from None
            except ValueError:
                raise Damaged("it has a number with too many digits") from None
            else:
                if end < len(self._text) or self._ended:
                    if end - self._at > self._limit:
                        raise TooLarge
                    self._at = end
                    return found
            if len(self._text) - self._at > self._limit:
                raise TooLarge
            if not self._more():
                raise Damaged("it ends in the middle")

    def fields(self) -> Iterator[str]:
        """The keys of the object here; its value must be consumed before the next key is asked for."""
        self._take("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() != '"':
                raise Damaged("it ends in the middle" if not self.peek() else "it is not valid JSON")
            key = self.value()
            self._take(":")
            yield key
            if self._take(",}") == "}":
                return

    def items(self) -> Iterator[None]:
        """One step for each item of the list here; the item must be consumed before the next step."""
        self._take("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield
            if self._take(",]") == "]":
                return

    def skip(self) -> None:
        """Pass over the next value without building it."""
        if self.peek() not in ("{", "[", '"'):
            self.value()
            return
        depth = 0
        while True:
            found = _MARK.search(self._text, self._at)
            if found is None:
                self._at = len(self._text)
                if not self._more():
                    raise Damaged("it ends in the middle")
                continue
            self._at = found.end()
            mark = found.group()
            if mark == '"':
                self._skip_string()
            else:
                depth += 1 if mark in "{[" else -1
            if depth <= 0:
                return

    def _skip_string(self) -> None:
        while True:
            found = _QUOTE.search(self._text, self._at)
            if found is None:
                self._at = len(self._text)
            elif found.group() == '"':
                self._at = found.end()
                return
            elif found.end() < len(self._text):
                self._at = found.end() + 1
                continue
            else:
                self._at = found.start()
            if not self._more():
                raise Damaged("it ends in the middle")

    def end(self) -> None:
        """Nothing but white space may follow."""
        if self.peek():
            raise Damaged("something follows its end")
