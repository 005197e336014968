"""A web application that only hands out one file: what a download is measured against."""

import os
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.util import FileWrapper


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The file named by BENCH_FILE, whatever is asked."""
    path = os.environ["BENCH_FILE"]
    size = os.stat(path).st_size if environ["PATH_INFO"] == "/" else 0
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(size))])
    return FileWrapper(open(path, "rb"), 65536) if size else [b""]
