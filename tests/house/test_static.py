"""Static rules of our own (`static.py`): every row over every file, and each shown on examples."""

import ast
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from tests.house.static import ALLOWED, ENTRANCES, RULES, TEMPLATES_ALLOWED, WEB, Rule

ROOT = Path(settings.BASE_DIR)
SOURCES = {
    str(path.relative_to(ROOT)): path
    for app in ("portal", "accounts", "cases")
    for path in sorted((ROOT / app).rglob("*.py"))
    if "migrations" not in path.parts
}
VIEWS = re.compile(r"views/|views\.py$|^accounts/demo\.py$")
ENTRANCE = re.compile(r"(views|forms|queries|tasks)(\.py$|/)|_views\.py$|management/commands/|templatetags/")
UNSAFE = re.compile(r"\|\s*safe(seq)?\b|{%-?\s*autoescape\s+off|{%-?\s*filter\s+safe")
# Bad code that a tool catches already, and the name of its rule; a tool that no longer does turns this red.
ELSEWHERE = {
    "print(1)": "T201",
    "datetime.datetime.utcnow()": "DTZ003",
    'class F(forms.ModelForm):\n    class Meta:\n        fields = "__all__"': "DJ007",
    "subprocess.run(x, shell=True)": "B602",
    "pickle.loads(x)": "B301",
    "yaml.load(x)": "B506",
    "eval(x)": "B307",
    "exec(x)": "B102",
}
IMPORTS = (
    "import datetime\nimport pickle\nimport subprocess\n\nimport yaml\nfrom django import forms\n\nx = 'x'\n"
)


@cache
def _tree(name: str) -> ast.Module:
    return ast.parse(SOURCES[name].read_text(encoding="utf-8"))


@cache
def _answering() -> frozenset[str]:
    """Files in which an address of ours ends."""
    modules, front = set(), [get_resolver()]
    while front:
        for one in front.pop().url_patterns:
            if isinstance(one, URLResolver):
                front.append(one)
            elif isinstance(one, URLPattern):
                modules.add(one.callback.__module__.replace(".", "/") + ".py")
    return frozenset(modules & set(SOURCES))


def _read_by(rule: Rule) -> list[str]:
    if rule.where == WEB:
        return [name for name in SOURCES if VIEWS.search(name) or name in _answering()]
    if rule.where == ENTRANCES:
        return [name for name in SOURCES if ENTRANCE.search(name) or name in _answering()]
    return list(SOURCES)


def _places(rule: Rule, name: str) -> set[str]:
    """File and function of each find."""
    tree = _tree(name)
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    found = set()
    for node in rule.finds(tree):
        line: int = node.lineno  # type: ignore[attr-defined]
        around = [f for f in functions if f.lineno <= line <= (f.end_lineno or 0)]
        found.add(f"{name}:{max(around, key=lambda f: f.lineno).name}" if around else name)
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_examples(rule: Rule) -> None:
    """A rule catches each bad example and lets each good one by."""
    for code in rule.bad:
        assert list(rule.finds(ast.parse(code))), f"not caught: {code}"
    for code in rule.good:
        assert not list(rule.finds(ast.parse(code))), f"caught: {code}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_our_code_keeps_the_rule(rule: Rule) -> None:
    """No find but the listed ones, and no listed one that is gone."""
    files = _read_by(rule)
    assert len(files) > 10
    found = {place for name in files for place in _places(rule, name)}
    listed = {place for name, place in ALLOWED if name == rule.name}
    assert found - listed == set(), f"{rule.forbids}: {rule.why}"
    assert listed - found == set(), "listed, but no longer there"


def test_templates_escape() -> None:
    """No template says `safe` or switches escaping off; a plain text file may, where pages escape it as a whole."""
    assert all(UNSAFE.search(bad) for bad in ("{{ x|safe }}", "{{ x | safeseq }}", "{% autoescape off %}"))
    assert not any(UNSAFE.search(good) for good in ("{{ x }}", "{{ x|safely }}", "{% autoescape on %}"))
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "templates").rglob("*")
        if path.is_file() and UNSAFE.search(path.read_text(encoding="utf-8"))
    }
    assert found == set(TEMPLATES_ALLOWED)


def test_every_exception_names_a_rule() -> None:
    """No row of ALLOWED stands for a rule that is not there, and each says why."""
    assert {name for name, _ in ALLOWED} <= {rule.name for rule in RULES}
    assert all(ALLOWED.values())


def test_the_tools_catch_the_rest() -> None:
    """What is left to ruff and bandit is caught by them, under the project's own settings."""
    code = IMPORTS + "".join(f"{bad}\n" for bad in ELSEWHERE)
    ruff = [sys.executable, "-m", "ruff", "check", "--output-format=json", "--stdin-filename=cases/x.py", "-"]
    bandit = [sys.executable, "-m", "bandit", "-q", "-ll", "-c", "pyproject.toml", "-f", "json", "-"]
    said = [
        json.loads(subprocess.run(command, cwd=ROOT, input=code, capture_output=True, text=True).stdout)
        for command in (ruff, bandit)
    ]
    caught = {one["code"] for one in said[0]} | {one["test_id"] for one in said[1]["results"]}
    assert set(ELSEWHERE.values()) <= caught
