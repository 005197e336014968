"""Gunicorn's settings. Address and port come from the environment that the supervisor sets."""

import os
from ipaddress import ip_address
from typing import Any

bind = f"{os.environ.get('BIND_HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
timeout = 60
graceful_timeout = 10
keepalive = 5
control_socket_disable = True  # gunicorn 27 opens one in the home folder otherwise
accesslog = None  # addresses carry search words
errorlog = "-"
preload_app = False
sendfile = False  # to a proxy on the same machine, reading and sending large pieces is the faster way


def on_starting(server: Any) -> None:
    """Whatever `--bind` said: a demonstration serves this machine only."""
    if os.environ.get("DEMO", "").lower() not in {"1", "true", "yes", "on"}:
        return
    for address in server.cfg.address:
        host = (
            address[0] if isinstance(address, tuple) else ""
        )  # a socket would be for a proxy, which others reach
        if host != "localhost" and not (host and ip_address(host).is_loopback):
            raise SystemExit(
                "DEMO is on, so the server binds loopback addresses only. Bind 127.0.0.1, or switch DEMO off."
            )
