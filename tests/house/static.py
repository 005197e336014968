"""What our code never says: a table of rules over its syntax tree. Add a row to RULES, with a bad and a good example.

A find that must stand is listed in ALLOWED with its reason. Left out is what a tool forbids already (ELSEWHERE in
`test_static.py` shows it): `print` and `fields = "__all__"` by ruff; `shell=True`, `pickle`, `yaml.load`, `eval` and
`exec` by bandit; importing guardian or celery by import-linter.
"""

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple

Finder = Callable[[ast.AST], Iterator[ast.AST]]
REQUEST_DATA = frozenset({"GET", "POST", "FILES", "META", "COOKIES", "headers", "body"})
EVERYWHERE, WEB, ENTRANCES = "everywhere", "views", "views, forms, queries, tasks, commands, template tags"


class Rule(NamedTuple):
    """One thing forbidden: where, found how, with examples that it catches and lets by."""

    name: str
    forbids: str
    why: str
    where: str
    finds: Finder
    bad: tuple[str, ...]
    good: tuple[str, ...]


# -- reading a tree -----------------------------------------------------------------------------------------------


def name_of(node: ast.AST) -> str:
    """The last part of a dotted name, "" for anything else."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    """Calls of functions or methods with one of these names."""
    yield from (n for n in ast.walk(tree) if isinstance(n, ast.Call) and name_of(n.func) in names)


def _method(tree: ast.AST, *names: str) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Calls of methods with one of these names, and what they are called on."""
    for call in calls(tree, *names):
        if isinstance(call.func, ast.Attribute):
            yield call, call.func.value


def _named(tree: ast.AST, is_source: Callable[[ast.expr], bool]) -> Callable[[ast.expr], bool]:
    """Whether an expression is such a source, or a name to which one is given anywhere in the module."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr)
            and node.value is not None
        ):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if is_source(node.value):
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return lambda node: is_source(node) or (isinstance(node, ast.Name) and node.id in names)


def from_request(node: ast.AST) -> bool:
    """Whether this is what a browser sent, as it came: `request.GET`, a part of it, or a text made with it."""
    if (
        isinstance(node, ast.Attribute)
        and node.attr in REQUEST_DATA
        and name_of(node.value).endswith("request")
    ):
        return True
    if isinstance(node, ast.Attribute | ast.Subscript | ast.Starred | ast.FormattedValue):
        return from_request(node.value)
    if isinstance(node, ast.Call):
        plain = isinstance(node.func, ast.Name) and node.func.id in {"dict", "str", "list", "tuple"}
        parts = node.args if plain else [node.func] if isinstance(node.func, ast.Attribute) else []
        return any(from_request(part) for part in parts)
    parts = [*getattr(node, "values", []), getattr(node, "left", None), getattr(node, "right", None)]
    parts += (
        [getattr(node, "body", None), getattr(node, "orelse", None)] if isinstance(node, ast.IfExp) else []
    )
    return any(from_request(part) for part in parts if isinstance(part, ast.AST))


def _formatted(node: ast.AST) -> bool:
    """Whether this text is put together from parts."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add | ast.Mod)
    return isinstance(node, ast.Call) and name_of(node.func) in {"format", "join"}


# -- the finders --------------------------------------------------------------------------------------------------


def markup(tree: ast.AST) -> Iterator[ast.AST]:
    """Markup put together without escaping."""
    put_together = _named(tree, _formatted)
    for call in calls(tree, "format_html", "format_html_join", "SafeString", "SafeText"):
        patterns = call.args[: 2 if name_of(call.func) == "format_html_join" else 1]
        if any(put_together(pattern) for pattern in patterns):
            yield call
    yield from (n for n in ast.walk(tree) if name_of(n) == "mark_safe")


def sql(tree: ast.AST) -> Iterator[ast.AST]:
    """SQL put together."""
    put_together = _named(tree, _formatted)
    for call in calls(tree, "execute", "executemany", "raw", "RawSQL"):
        if call.args and put_together(call.args[0]):
            yield call
    yield from (call for call, _ in _method(tree, "extra"))


def unpacked(tree: ast.AST) -> Iterator[ast.AST]:
    """Keyword arguments whose names the browser chooses."""
    sent = _named(tree, from_request)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and any(k.arg is None and sent(k.value) for k in node.keywords):
            yield node
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            if any(sent(value) if key is None else from_request(key) for key, value in pairs):
                yield node


def order(tree: ast.AST) -> Iterator[ast.AST]:
    """Orders that are not written out."""
    for call in calls(tree, "order_by"):
        if not all(
            isinstance(a, ast.Constant) or (isinstance(a, ast.Call) and _written(a)) for a in call.args
        ):
            yield call


def _written(call: ast.Call) -> bool:
    """Whether an expression such as `F("at").desc()` names its columns itself."""
    return not any(
        isinstance(n, ast.Name) and n.id[:1].islower() for n in ast.walk(call)
    ) and not from_request(call)


def clock(tree: ast.AST) -> Iterator[ast.AST]:
    """A clock read anywhere but in `portal.kit.clock`, or by a field."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and name_of(node.value) in {
            "datetime",
            "date",
            "timezone",
            "time",
        }:
            asked = (
                "time time_ns" if name_of(node.value) == "time" else "now utcnow today localdate localtime"
            )
            if node.attr in asked.split():
                yield node
        if isinstance(node, ast.keyword) and node.arg in {"auto_now", "auto_now_add"}:
            yield node


def unseen(tree: ast.AST) -> Iterator[ast.AST]:
    """Rows fetched by another way than `visible_to`."""
    for node in ast.walk(tree):
        manager = node.value if isinstance(node, ast.Attribute) else None
        if isinstance(manager, ast.Attribute) and manager.attr in {"objects", "history"}:
            of_model = name_of(manager.value)[:1].isupper()
            yield from [node] if of_model and name_of(node) != "visible_to" else []
        if isinstance(node, ast.Attribute) and node.attr in {"_default_manager", "_base_manager"}:
            yield node
    for call in calls(tree, "get_object_or_404", "get_list_or_404"):
        if call.args and isinstance(call.args[0], ast.Name) and call.args[0].id[:1].isupper():
            yield call


def exempt(tree: ast.AST) -> Iterator[ast.AST]:
    """The guard against forged requests taken off."""
    yield from (n for n in ast.walk(tree) if name_of(n) in {"csrf_exempt", "requires_csrf_token"})


def writes(tree: ast.AST) -> Iterator[ast.AST]:
    """Rows written."""
    names = "save", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "create_user"
    yield from (call for call, _ in _method(tree, *names))
    for call, on in _method(tree, "update", "delete"):
        rows = {name_of(n) for n in ast.walk(on)} & {
            "objects",
            "filter",
            "exclude",
            "all",
            "visible_to",
            "live",
        }
        if rows or (call.func.attr == "delete" and not call.args):  # type: ignore[attr-defined]
            yield call


def guards(tree: ast.AST) -> Iterator[ast.AST]:
    """`assert` for anything but narrowing a type: Python leaves it out under -O."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            test = node.test
            known = isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.IsNot)
            narrows = known or (isinstance(test, ast.Call) and name_of(test.func) == "isinstance")
            if not narrows or any(from_request(part) for part in ast.walk(test)):
                yield node


def jobs(tree: ast.AST) -> Iterator[ast.AST]:
    """Work sent to the workers past the outbox."""
    yield from (call for call, _ in _method(tree, "delay", "apply_async", "send_task", "send_task_message"))


def stored_permissions(tree: ast.AST) -> Iterator[ast.AST]:
    """Stored permissions asked past `cases.rules.policy` and `accounts.access`."""
    asked = {"has_perm", "has_perms", "has_module_perms", "get_objects_for_user", "permission_required"}
    yield from (n for n in ast.walk(tree) if name_of(n) in asked)


def redirects(tree: ast.AST) -> Iterator[ast.AST]:
    """An answer that leads where the browser says."""
    sent = _named(tree, from_request)
    for call in calls(tree, "redirect", "HttpResponseRedirect", "HttpResponsePermanentRedirect"):
        if any(sent(argument) for argument in call.args):
            yield call


# -- the table ----------------------------------------------------------------------------------------------------

RULES = (
    Rule("markup", "mark_safe, and markup put together by f-strings", "a name becomes a script", EVERYWHERE, markup,
         ("mark_safe(x)", 'format_html(f"<b>{name}</b>")', 't = "<b>%s" % name\nformat_html(t)', 'SafeString("<b>" + x)'),
         ('format_html("<b>{}</b>", name)', 'SafeString("<hr>")')),
    Rule("sql", "extra(), and SQL put together from parts", "a value becomes a command", EVERYWHERE, sql,
         ('cursor.execute(f"SELECT {x}")', 'q = "SELECT %s" % x\nC.objects.raw(q)', 'q.extra(where=["1=1"])',
          'RawSQL("a" + b, [])', 'cursor.execute("SELECT {}".format(x))'),
         ('cursor.execute("SELECT %s", [x])', "C.objects.raw(CLAIM, values)", 'log.info("x", extra=1)')),
    Rule("unpacked", "**request.GET and lookups named by the browser", "?developer__email__startswith= reads any column",
         EVERYWHERE, unpacked,
         ("C.objects.filter(**request.GET)", "d = request.POST.dict()\nC(**d)", "f(**{request.GET['by']: 1})",
          "f(**{**dict(self.request.GET)})"),
         ("f(**form.cleaned_data)", "F(request.GET)", "C.objects.filter(**WANTED[form.kind])")),
    Rule("order", "an order that is not written out", "sorting by a hidden column reveals it", EVERYWHERE, order,
         ('q.order_by(request.GET["by"])', "q.order_by(*by)", 'q.order_by(f"-{by}")', "q.order_by(F(by).desc())"),
         ('q.order_by("-at", "pk")', 'q.order_by(F("at").desc())', "q.order_by()")),
    Rule("clock", "a clock other than portal.kit.clock", "`now` is the database's, once a request", EVERYWHERE, clock,
         ("timezone.now()", "datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()", "time.time()",
          "at = DateTimeField(default=timezone.now)", "at = DateTimeField(auto_now_add=True)"),
         ("database_now()", "request.now", "datetime.fromisoformat(x)", "time.monotonic()")),
    Rule("unseen", "rows in views that do not start at visible_to", "what is hidden does not exist", WEB, unseen,
         ("Case.objects.get(pk=1)", "Case.objects.filter(x=1)", "Case.objects.all()", "get_object_or_404(Case, pk=1)",
          "Case._default_manager.all()", "Case.history.all()"),
         ("Case.objects.visible_to(u, now).get(pk=1)", "get_object_or_404(seen, pk=1)", "case.objects")),
    Rule("exempt", "csrf_exempt", "another site could write in a person's name", EVERYWHERE, exempt,
         ("@csrf_exempt\ndef f(): ...", "decorators.csrf_exempt(f)"), ("@require_POST\ndef f(): ...",)),
    Rule("writes", "writing outside actions", "who did it, when and why would not be recorded", ENTRANCES, writes,
         ("Case.objects.create(x=1)", "form.save()", "case.save()", "C.objects.filter(x=1).update(y=2)", "case.delete()",
          "C.objects.all().delete()"),
         ("actions.draft(by=u, now=now)", 'digest.update(b"x")', "context.update(extra)", 'cache.delete("key")')),
    Rule("guards", "assert as a guard", "it is left out under -O; it only narrows a type", EVERYWHERE, guards,
         ('assert request.POST["x"]', "assert user.may(x)", 'assert request.GET.get("x") is not None'),
         ("assert x is not None", "assert isinstance(field, Field)")),
    Rule("jobs", "work sent past portal.notify.outbox", "sent before the commit, or lost with the broker", EVERYWHERE,
         jobs, ("read.delay(1)", "read.apply_async(args=(1,))", 'app.send_task("read")'), ("outbox.enqueue(1)",)),
    Rule("permissions", "has_perm and its like outside accounts.access", "policy is the one that answers who may",
         EVERYWHERE, stored_permissions,
         ('user.has_perm("x")', "user.has_perms(x)", '@permission_required("x")\ndef f(): ...'),
         ('policy.may(user, "x")',)),
    Rule("redirects", "an answer that leads where the browser says", "a mail's link would lead to a false sign-in page",
         EVERYWHERE, redirects,
         ('redirect(request.GET["next"])', 'to = request.POST.get("to")\nHttpResponseRedirect(to)',
          'redirect(request.META["HTTP_REFERER"])', 'redirect(f"{request.GET[1]}")'),
         ('redirect("cases:home")', "redirect(case)", "redirect(checked(request.GET))")),
)  # fmt: skip

# rule, file and function -> why it may stand there
ALLOWED = {
    ("clock", "portal/celery.py:_show_life"): "the worker's own clock, for /health/ to compare with the database's",
    ("clock", "portal/views.py:_clock"): "this machine's own clock, compared with the database's; it decides nothing",
    ("sql", "portal/audit/history.py:_newest"): "names of tables and columns come from the models, quoted; values are passed",
    ("sql", "portal/audit/history.py:stored_digests"): "names of tables and columns come from the models, quoted; values are passed",
    ("sql", "portal/audit/journal.py:_store"): "names of columns come from the model; values are passed",
    ("sql", "portal/audit/roles.py:grant_web_role"): "GRANT takes no parameters; role and tables are quoted by the database",
    ("order", "portal/kit/paging.py:_ordered"): "the one place that turns a page's written-out order round",
    ("unseen", "accounts/demo.py:sign_in_as"): "demonstration people alone, and only where the demonstration runs",
    ("unseen", "cases/access/views/grants.py:_holder"): "agencies are known to all who issue grants; the nomination is of a case found by visible_to",
    ("unseen", "cases/access/views/holding.py:own_grant"): "whether the grant that was found by visible_to is live",
    ("unseen", "cases/benchmarks/views.py:_set_back"): "when the demonstration was loaded; no case's entry",
    ("unseen", "cases/labels/signing_views.py:_chosen"): "the key was chosen among those that the form offered",
    ("unseen", "cases/register/views.py:unassign"): "only of cases found by visible_to",
    ("unseen", "cases/reports/views.py:notices_read"): "a person's own notices",
    ("unseen", "portal/views.py:_audit_head"): "whether the log is whole; no content",
    ("jobs", "portal/notify/tasks.py:send_job"): "the outbox's own door to the broker",
    ("permissions", "accounts/access.py:holds"): "the one question to guardian",
}  # fmt: skip
TEMPLATES_ALLOWED = {
    "templates/cases/access/grant_terms.txt": "the terms that are accepted and digested, byte for byte; pages escape them as a whole",
    "templates/cases/access/receipt.txt": "the receipt that is digested, byte for byte; pages escape it as a whole",
    "templates/cases/access/agreement.txt": "the text that is signed and digested, byte for byte; pages escape it as a whole",
    "templates/cases/readiness/notice.txt": "the text that is attested and digested, byte for byte; pages escape it as a whole",
}  # fmt: skip
