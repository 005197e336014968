"""`make screenshots`: pictures of the main pages at desktop and phone width, from a demonstration started for them.

`python -m deploy.screenshots ADDRESS` takes them from one that runs already. Add a page by adding a row to `PAGES`.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from deploy.bootstrap import PYTHON, ROOT, chromium, say

FOLDER = Path(os.environ.get("SCREENSHOTS_DIR", ROOT / "docs" / "screenshots"))
WIDTHS = {"desktop": 1280, "phone": 390}
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


@dataclass(frozen=True)
class Shot:
    """One picture: whose page, where to begin, and which links to follow from there, by their words."""

    name: str
    person: str
    path: str = "/"
    links: tuple[str, ...] = ()


PAGES = (
    Shot("home-officer", "Omar Reyes"),
    Shot("home-liaison", "Lena Ortiz"),
    Shot("home-partner", "Priya Raman"),
    Shot("home-official", "Dana Whitfield"),
    Shot("home-consultee", "Carla Novak"),
    Shot("home-auditor", "Anna Kowalski"),
    Shot("cases", "Omar Reyes", "/cases/"),
    Shot("case-officer", "Omar Reyes", "/cases/?q=MER-1001", ("CFM-",)),
    Shot("case-developer", "Lena Ortiz", "/cases/?q=MER-1004", ("CFM-",)),
    Shot("case-withdrawn", "Samir Patel", "/cases/?q=MER-1002", ("CFM-",)),
    Shot("draft", "Lena Ortiz", "/cases/new/"),
    Shot("agreement-sign", "Frances Lead", "/", ("Sign",)),
    Shot("grant-partner", "Priya Raman", "/grants/", ("Meridian",)),
    Shot("run", "Eve Nakamura", "/cases/?q=MER-1001", ("CFM-", "toy_ctf")),
    Shot("suite", "Eve Nakamura", "/suites/", ("1.2.0",)),
    Shot("consultation", "Carla Novak", "/", ("Answer",)),
    Shot("register", "Omar Reyes", "/register/"),
    Shot("label", "Omar Reyes", "/register/", ("Meridian",)),
    Shot("history", "Anna Kowalski", "/cases/?q=MER-1001", ("CFM-", "All history")),
    Shot("verify", "Anna Kowalski", "/history/verify/"),
    Shot("sign-in-as", "", "/sign-in-as/"),
)


def take(address: str, only: str = "") -> None:
    """Take every picture, or those whose name contains `only`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium() or None, args=QUIET)
        for label, width in WIDTHS.items():
            for shot in PAGES:
                if only in shot.name:
                    _take_one(browser, address, shot, label, width)
        browser.close()


def _take_one(browser: Browser, address: str, shot: Shot, label: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    try:
        if shot.person:
            page.goto(f"{address}/sign-in-as/")
            page.get_by_role("button", name=f"Sign in as {shot.person}").click()
            page.wait_for_url(f"{address}/")
        page.goto(f"{address}{shot.path}")
        for words in shot.links:
            _follow(page, words)
        page.screenshot(path=FOLDER / f"{shot.name}-{label}.png", full_page=True)
        say(f"{shot.name} ({label})")
    finally:
        page.close()


def _follow(page: Page, words: str) -> None:
    page.locator("main").get_by_role("link", name=words).first.click()
    page.wait_for_load_state()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _started() -> tuple[subprocess.Popen[bytes], str]:
    """A demonstration of its own, healthy, and its address."""
    port = _free_port()
    surroundings = {**os.environ, "PORT": str(port), "VAR_DIR": str(ROOT / "var" / "screenshots")}
    server = subprocess.Popen([str(PYTHON), "-m", "deploy.serve"], env=surroundings, cwd=ROOT)
    until = time.monotonic() + 300
    while time.monotonic() < until and server.poll() is None:
        try:
            link = HTTPConnection("127.0.0.1", port, timeout=5)
            link.request("GET", "/health/")
            if link.getresponse().status == 200:
                return server, f"http://127.0.0.1:{port}"
        except OSError:
            pass
        time.sleep(0.5)
    server.kill()
    sys.exit("The demonstration did not start; see var/screenshots/run.")


def main() -> None:
    """From the address given, or from a demonstration started for it."""
    if len(sys.argv) > 1:
        take(sys.argv[1].rstrip("/"), *sys.argv[2:3])
        return
    server, address = _started()
    try:
        take(address)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=60)


if __name__ == "__main__":
    main()
