"""The demonstration loads through the actions and leaves a whole log."""

from datetime import datetime

from cases.incidents.models import Incident
from cases.labels.models import Label
from cases.questions.models import Question
from cases.register.models import Case
from demo.people import load_people
from demo.story import beginning, tell
from portal.audit.verify import verify


def test_the_demonstration_tells_every_stage(now: datetime) -> None:
    """Eight cases in their stages, one label in effect, every entry and history row verifies."""
    cast = load_people(beginning(now))
    tell(cast, now)
    stages = dict(Case.objects.values_list("tracking_number", "stage"))
    assert stages == {
        "MER-1001": "labeling",
        "MER-1002": "withdrawn",
        "MER-1003": "labeling",
        "MER-1004": "access",
        "MER-1005": "scoping",
        "MER-1006": "received",
        "MER-1007": "draft",
        "HAL-0042": "received",
    }
    assert Label.objects.get().state == "effective"
    assert Incident.objects.get().outcome == "remedied"
    assert sorted(Question.objects.values_list("answered_as", "ended_as")) == [
        ("", ""),
        ("answered", "closed"),
    ]
    assert verify().fault is None
    withdrawn = Case.objects.get(tracking_number="MER-1002")
    assert {grant.end_reason for grant in withdrawn.grants.all()} == {"withdrawn"}
