"""`make screenshots`: the README's pictures, from a demonstration started for them.

`python -m deploy.screenshots ADDRESS` takes them from one that runs already; with `WHOLE_PAGES=1` every page of the
table at both widths and whole, for looking (`SCREENSHOTS_DIR` says where to). Add a page by adding a row to `PAGES`.
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
SIZES = {"desktop": (1280, 1100), "phone": (390, 844)}
WHOLE = bool(os.environ.get("WHOLE_PAGES"))  # for looking at everything; the README shows the first screen
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


@dataclass(frozen=True)
class Shot:
    """One picture: whose page, where to begin, which links to follow by their words, and the size the README shows."""

    name: str
    person: str
    path: str = "/"
    links: tuple[str, ...] = ()
    readme: str = ""


PAGES = (
    Shot("home-officer", "Omar Reyes", readme="desktop"),
    Shot("home-liaison", "Lena Ortiz"),
    Shot("home-partner", "Priya Raman"),
    Shot("home-official", "Dana Whitfield"),
    Shot("home-consultee", "Carla Novak"),
    Shot("home-auditor", "Anna Kowalski"),
    Shot("cases", "Omar Reyes", "/cases/"),
    Shot("case-officer", "Omar Reyes", "/cases/?q=MER-1001", ("CFM-",), readme="desktop"),
    Shot("case-developer", "Lena Ortiz", "/cases/?q=MER-1004", ("CFM-",), readme="phone"),
    Shot("case-withdrawn", "Samir Patel", "/cases/?q=MER-1002", ("CFM-",)),
    Shot("questions", "Omar Reyes", "/cases/?q=MER-1001", ("CFM-", "Refusal filter")),
    Shot("question-answer", "Lena Ortiz", "/", ("Answer a question",)),
    Shot("draft", "Lena Ortiz", "/cases/new/"),
    Shot("agreement-sign", "Frances Lead", "/", ("Sign",), readme="desktop"),
    Shot("grant-partner", "Priya Raman", "/grants/", ("Meridian",)),
    Shot("run", "Eve Nakamura", "/cases/?q=MER-1001", ("CFM-", "toy_ctf"), readme="desktop"),
    Shot("suite", "Eve Nakamura", "/suites/", ("1.2.0",)),
    Shot("consultation", "Carla Novak", "/", ("Answer",), readme="desktop"),
    Shot("register", "Omar Reyes", "/register/"),
    Shot("label", "Omar Reyes", "/register/", ("Meridian",), readme="desktop"),
    Shot("history", "Anna Kowalski", "/cases/?q=MER-1001", ("CFM-", "All history"), readme="desktop"),
    Shot("verify", "Anna Kowalski", "/history/verify/"),
    Shot("sign-in-as", "", "/sign-in-as/"),
)


def take(address: str, only: str = "") -> None:
    """Take every picture, or those whose name contains `only`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium() or None, args=QUIET)
        for label in SIZES:
            for shot in PAGES:
                if only in shot.name and (WHOLE or shot.readme == label):
                    _take_one(browser, address, shot, label)
        browser.close()


def _take_one(browser: Browser, address: str, shot: Shot, label: str) -> None:
    width, height = SIZES[label]
    page = browser.new_page(viewport={"width": width, "height": height})
    try:
        if shot.person:
            page.goto(f"{address}/sign-in-as/")
            page.get_by_role("button", name=f"Sign in as {shot.person}").click()
            page.wait_for_url(f"{address}/")
        page.goto(f"{address}{shot.path}")
        for words in shot.links:
            _follow(page, words)
        page.screenshot(path=FOLDER / f"{shot.name}-{label}.png", full_page=WHOLE)
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
