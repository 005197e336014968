"""Forms under real hands: by keyboard alone, clicked twice, overtaken by somebody else."""

from collections.abc import Callable
from datetime import datetime

import pytest
from playwright.sync_api import Page

from cases.register.models import Case
from portal.audit.models import Entry
from tests import walk
from tests.cast import Cast
from tests.journeys.pages import Meet, Visitor
from tests.worker import until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Name of the focused element, and whether its focus can be seen: a radio's shows on its label, and the browser rings
# the button inside a date field itself.
FOCUS = """() => {
  const one = document.activeElement, label = one.labels && one.labels[0];
  const shows = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const inside = one.type === "datetime-local" && !one.matches(":focus");
  const seen = inside || shows(getComputedStyle(one)) || (label && shows(getComputedStyle(label, "::before")));
  return [((label || one).innerText || "").trim(), seen];
}"""


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until the thing of this name has the focus, which must show at every step."""
    for _ in range(80):
        page.keyboard.press("Tab")
        found, seen = page.evaluate(FOCUS)
        assert seen, f"the focus on {found!r} does not show"
        if found.startswith(name):
            return
    raise AssertionError(f"no way to {name!r} by keyboard")


def _type(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        _tab_to(page, name.replace("_", " "))
        page.keyboard.type(value)


def test_from_sign_in_to_submission_by_keyboard(
    visitor: Callable[..., Visitor], password_of: Callable[[str], tuple[str, str]]
) -> None:
    """The mouse lies in the drawer."""
    liaison, (email, password) = visitor(), password_of("liaison")
    page = liaison.open("/").page
    _type(page, Email=email, Password=password)
    _enter(liaison)
    _tab_to(page, "Draft a case")
    _enter(liaison)
    _type(page, Your_tracking_number="MER-7002", Model_name="Meridian", Version="9.1")
    year = datetime.now().astimezone().year + 1
    _type(page, Planned_general_release=f"0615{year}")
    page.keyboard.press("Tab")
    page.keyboard.type("1000AM")
    _tab_to(page, "Keep the draft")
    _enter(liaison)
    liaison.says("is drafted")
    for _ in ("the link on the case page", "the button on the page that tells what it does"):
        _tab_to(page, "Submit")
        _enter(liaison)
    liaison.says("“received”")
    case = Case.objects.get()
    assert case.model_version is not None
    planned = case.model_version.milestones.get().at
    assert (planned.year, planned.month, planned.day, planned.hour) == (year, 6, 15, 14)


def _enter(visitor: Visitor) -> None:
    with visitor.page.expect_navigation():
        visitor.page.keyboard.press("Enter")
    visitor.look()


def test_a_double_click_submits_once(cast: Cast, now: datetime, meet: Meet) -> None:
    """One submission, one entry; the person ends on a page that tells where the case is, as does a forgotten window."""
    case = walk.drafted(cast, now)
    submit = f"{case.get_absolute_url()}move/submit/"
    liaison = meet("liaison").open(submit)
    forgotten = liaison.context.new_page()
    forgotten.goto(submit)
    liaison.page.locator("main").get_by_role("button", name="Submit").dblclick()
    until(lambda: Case.objects.get(pk=case.pk).stage == "received")
    liaison.page.wait_for_load_state("networkidle")
    liaison.says("“received”")
    assert Entry.objects.filter(case_id=case.pk, kind="case.submitted").count() == 1
    liaison.open(case.get_absolute_url()).says("submitted the case").more().says("Recall the submission")
    liaison.page = forgotten
    liaison.press("Submit", status=409).says(
        "This case is in the stage “received”", "Pressed twice, or overtaken"
    )
    liaison.hides("goes from").follow("See the case").says("Received")


def test_an_overtaken_draft_shows_both_versions(cast: Cast, now: datetime, meet: Meet) -> None:
    """Two windows, one draft: the second reads what stands now beside what it typed, and may keep its own."""
    case = walk.drafted(cast, now)
    liaison = meet("liaison")
    edit = f"{case.get_absolute_url()}edit/"
    other = liaison.context.new_page()
    other.goto(edit)
    liaison.open(edit)
    liaison.labelled("Your question or offer, in your own words").fill("What the first window says.")
    other.get_by_label("Your question or offer, in your own words").fill("What the second window says.")
    liaison.press("Keep the changes").says("The draft is changed.", "What the first window says.")
    liaison.page, first = other, liaison.page
    liaison.press("Keep the changes", status=409).says("Someone changed this case", "As the draft stands now")
    liaison.says("What the first window says.")
    question = liaison.labelled("Your question or offer, in your own words")
    assert question.input_value() == "What the second window says."
    liaison.press("Keep the changes").says("What the second window says.")
    first.close()
