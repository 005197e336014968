"""A person at a real browser, and the look taken at every page: axe, phone width, console, loopback alone.

A test says what the person does in the words of the pages (`follow` a link, `press` a button, `fill` a field); each
of these looks at the page it leads to.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, Response

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
AXE = Axe()
NOT_LOADED = "Failed to load resource: the server responded with a status of "
LEAVES_NO_ROOM = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"


@dataclass
class Watch:
    """What a browser context did that no page of ours may do, and how each page was answered."""

    faults: list[str] = field(default_factory=list)
    missed: list[tuple[str, str]] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    refusals: set[tuple[str, int]] = field(default_factory=set)

    def over(self, context: BrowserContext) -> "Watch":
        """Listen to everything of a context from now on."""
        context.on("request", self._request)
        context.on("response", self._response)
        context.on("console", self._console)
        context.on("weberror", lambda said: self.faults.append(f"script: {said.error}"))
        context.on(
            "dialog", lambda dialog: (self.faults.append(f"dialog: {dialog.message}"), dialog.dismiss())
        )
        return self

    def _request(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in ("localhost", "127.0.0.1") and not request.url.startswith(
            "data:"
        ):
            self.faults.append(f"leaves loopback: {request.url}")

    def _response(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self.answers[response.url] = response.status
            self.refusals.add((response.url, response.status))
        elif response.status >= 400:
            self.faults.append(f"{response.status}: {response.url}")

    def _console(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            self.missed.append((said.text, said.location["url"]))

    def found(self) -> list[str]:
        """All faults. What a browser says of a page answered 403 or 404, that it did not load, is none."""
        said = [
            f"console: {text} ({url})"
            for text, url in self.missed
            if not any(text.startswith(f"{NOT_LOADED}{status} ") for at, status in self.refusals if at == url)
        ]
        return [*self.faults, *said]


class Visitor:
    """One person at one browser, signed in or not."""

    def __init__(self, browser: Browser, address: str, cookies: list[Any]) -> None:
        self.context = browser.new_context(viewport=DESKTOP, base_url=address)  # type: ignore[arg-type]
        self.context.set_default_timeout(15_000)
        self.context.add_cookies(cookies)
        self.address = address
        self.watch = Watch().over(self.context)
        self.page: Page = self.context.new_page()

    # -- going ------------------------------------------------------------------------------------------------------

    def open(self, path: str, status: int = 200) -> "Visitor":
        """Type an address."""
        self.page.goto(path)
        return self.look(status)

    def follow(self, words: str, *, among: str = "main", status: int = 200) -> "Visitor":
        """Click the first link of the page's content that begins with these words."""
        link = self.page.locator(among).get_by_role("link", name=re.compile(rf"^{re.escape(words)}")).first
        return self._click(link, status)

    def press(self, words: str, status: int = 200, *, among: str = "main") -> "Visitor":
        """Press the button of exactly these words."""
        return self._click(self.page.locator(among).get_by_role("button", name=words, exact=True), status)

    def more(self) -> "Visitor":
        """Unfold what stands under More."""
        self.page.locator("main summary", has_text="More").click()
        return self

    def _click(self, what: Locator, status: int) -> "Visitor":
        assert what.count(), f"{what} is not on {self.page.url}:\n{self.text[:3000]}"
        with self.page.expect_navigation():
            what.click()
        return self.look(status)

    # -- forms ------------------------------------------------------------------------------------------------------

    def labelled(self, label: str) -> Locator:
        """The field with this label."""
        return self.page.locator("main").get_by_label(
            re.compile(rf"^\s*{re.escape(label)}(\s+optional)?\s*$")
        )

    def fill(self, **fields: str) -> "Visitor":
        """Fill fields named as their labels, blanks written as underscores."""
        for name, value in fields.items():
            self.labelled(name.replace("_", " ")).fill(value)
        return self

    def select(self, label: str, option: str) -> "Visitor":
        """Choose an option by its words."""
        self.labelled(label).select_option(label=option)
        return self

    def tick(self, *labels: str) -> "Visitor":
        """Click the labels of radio buttons and boxes that begin with these words."""
        for label in labels:
            self.page.locator("main label").filter(has_text=re.compile(rf"^\s*{re.escape(label)}")).click()
        return self

    def attach(self, label: str, file: Path) -> "Visitor":
        """Choose a file in the browser's own chooser."""
        with self.page.expect_file_chooser() as chooser:
            self.labelled(label).click()
        chooser.value.set_files(file)
        return self

    # -- looking ----------------------------------------------------------------------------------------------------

    def look(self, status: int = 200) -> "Visitor":
        """Nothing is wrong with the page as it stands, at either width."""
        self.page.wait_for_load_state()
        where = self.page.url
        assert self.watch.answers.get(where.partition("#")[0]) == status, (where, self.text[:600])
        for size in (PHONE, DESKTOP):
            self.page.set_viewport_size(size)  # type: ignore[arg-type]
            found = AXE.run(self.page)
            assert found.violations_count == 0, f"{where} at {size['width']}\n{found.generate_report()}"
            too_wide = self.page.evaluate(LEAVES_NO_ROOM)
            assert too_wide <= 0, f"{where} is {too_wide} px too wide at {size['width']}"
        assert self.watch.found() == []
        return self

    def says(self, *words: str) -> "Visitor":
        """The page shows these words."""
        for one in words:
            assert one in self.text, f"{self.page.url} does not say {one!r}:\n{self.text[:3000]}"
        return self

    def hides(self, *words: str) -> "Visitor":
        """Nowhere in the page, shown or not, stand these words."""
        for one in words:
            assert one not in self.page.content(), f"{self.page.url} says {one!r}"
        return self

    def until(self, words: str) -> "Visitor":
        """Wait until the page, by itself, shows these words."""
        self.page.locator("body", has_text=words).wait_for(timeout=30_000)
        return self.look()

    @property
    def text(self) -> str:
        """What the page shows, blanks folded."""
        return " ".join(self.page.locator("body").inner_text().split())

    @property
    def path(self) -> str:
        """Where the person is."""
        return urlsplit(self.page.url).path


Meet = Callable[[str], Visitor]
