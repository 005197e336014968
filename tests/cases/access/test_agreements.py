"""Drafting and signing: the exact text, its digest, two people of two sides, and what the second signature does."""

import hashlib
from datetime import datetime, timedelta

import pytest
from django.db import connection

from cases.access.actions import draft_agreement, sign_agreement
from cases.access.models import Agreement, WindowPeriod
from cases.access.text import Terms
from cases.register.actions import move_case, state_release
from cases.register.models import Case
from cases.rules.quotation import NO_REQUIREMENT
from portal.audit.models import Entry
from portal.kit.refusal import Refused
from portal.notify.models import Notice
from tests import walk
from tests.cast import Cast

DAY = timedelta(days=1)


@pytest.fixture
def scoping(cast: Cast, now: datetime) -> Case:
    """A case in scoping whose release is planned in 25 days."""
    return walk.acknowledged(cast, now, release_at=now + walk.ANCHOR_AFTER)


def test_the_text_says_everything_and_its_digest_is_kept(cast: Cast, scoping: Case, now: datetime) -> None:
    """Parties, dates, safeguards by label, people by name, § 3(c) word for word."""
    version = walk.agreement(cast, scoping, now)
    assert (version.number, version.state) == (1, "draft")
    for words in ("Isolated environment", cast.evaluator.name, "20 days", scoping.number, NO_REQUIREMENT):
        assert words in version.text
    assert version.text_digest == hashlib.sha256(version.text.encode()).hexdigest()
    assert Entry.objects.filter(kind="agreement.drafted", data__text_digest=version.text_digest).count() == 1


def test_both_signatures_set_the_window_and_begin_access(cast: Cast, scoping: Case, now: datetime) -> None:
    """Each stores digest, appointment, capacity and instant; the second moves the case and tells people."""
    version = walk.agreement(cast, scoping, now)
    first = sign_agreement(agreement=version, digest=version.text_digest, by=cast.lead, now=now)
    assert (first.side, first.capacity, first.signed_at) == ("agency", "own", now)
    assert first.text_digest == version.text_digest
    assert first.appointment.person == cast.lead
    assert Case.objects.get(pk=scoping.pk).stage == "scoping"
    sign_agreement(agreement=version, digest=version.text_digest, by=cast.signatory, now=now)
    case = Case.objects.get(pk=scoping.pk)
    period = WindowPeriod.objects.get(case=case)
    assert case.stage == "access"
    assert (period.span.lower, period.span.upper) == (version.opens_at, version.closes_at)
    assert period.agreed_end == version.closes_at
    kinds = list(Entry.objects.filter(case_id=case.pk).order_by("number").values_list("kind", flat=True))
    assert kinds[-4:] == ["agreement.signed", "agreement.signed", "window.opened", "case.moved"]
    assert Notice.objects.filter(kind="window.opened", recipient=cast.liaison).exists()


def test_a_new_draft_takes_the_place_of_an_unsigned_one(cast: Cast, scoping: Case, now: datetime) -> None:
    """Also of one that one side has signed: that one can no longer be signed."""
    first = walk.agreement(cast, scoping, now)
    sign_agreement(agreement=first, digest=first.text_digest, by=cast.signatory, now=now)
    second = walk.agreement(cast, scoping, now)
    first.refresh_from_db()
    assert (first.state, second.number) == ("superseded", 2)
    with pytest.raises(Refused, match="newer version") as refused:
        sign_agreement(agreement=first, digest=first.text_digest, by=cast.lead, now=now)
    assert refused.value.conflict


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"anchor_at": timedelta(days=26)}, "developer's own date"),
        ({"closes_at": timedelta(days=25, seconds=1)}, "after"),
        ({"opens_at": -DAY}, "in the past"),
        ({"opens_at": 21 * DAY}, "end before it opens"),
    ],
)
def test_impossible_terms(
    cast: Cast, scoping: Case, now: datetime, changes: dict[str, timedelta], said: str
) -> None:
    """Each a clear sentence, and nothing is written."""
    with pytest.raises(Refused, match=said):
        walk.agreement(cast, scoping, now, **{key: now + value for key, value in changes.items()})
    assert not Agreement.objects.exists()


def test_a_window_of_31_days_says_how_to_mend_it(cast: Cast, now: datetime) -> None:
    """31 days before the anchor: the limit, and the earliest opening."""
    case = walk.acknowledged(cast, now, release_at=now + 31 * DAY)
    with pytest.raises(Refused, match="31 days before the planned release; the limit is 30 days"):
        walk.agreement(cast, case, now, closes_at=now + 31 * DAY)


def test_unknown_safeguard_and_unstated_anchor(cast: Cast, scoping: Case, now: datetime) -> None:
    """Safeguards come from the catalogue; an anchor kind without a stated date is no anchor."""
    with pytest.raises(Refused, match="catalogue"):
        walk.agreement(cast, scoping, now, safeguards=("magic",))
    with pytest.raises(Refused, match="developer's own date"):
        walk.agreement(cast, scoping, now, anchor_kind="other_trusted_partners")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"attest": False}, "“Isolated environment” is not attested yet"),
        ({"safeguards": ()}, "safeguard"),
        ({"people": ()}, "listed"),
    ],
)
def test_incomplete_versions_are_not_signed(
    cast: Cast, scoping: Case, now: datetime, changes: dict[str, object], said: str
) -> None:
    """A draft may wait for an attestation; a signature may not."""
    version = walk.agreement(cast, scoping, now, **changes)
    with pytest.raises(Refused, match=said):
        sign_agreement(agreement=version, digest=version.text_digest, by=cast.signatory, now=now)


def test_who_may_sign_and_only_once(cast: Cast, scoping: Case, now: datetime) -> None:
    """The two signatories; each once; nobody on another text than the one they read."""
    version = walk.agreement(cast, scoping, now)
    digest = version.text_digest
    for person in (
        cast.officer,
        cast.liaison,
        cast.official,
        cast.partner,
        cast.stranger_signatory,
        cast.auditor,
    ):
        with pytest.raises(Refused, match="signing official or the framework lead"):
            sign_agreement(agreement=version, digest=digest, by=person, now=now)
    with pytest.raises(Refused, match="not the text"):
        sign_agreement(agreement=version, digest="0" * 64, by=cast.signatory, now=now)
    sign_agreement(agreement=version, digest=digest, by=cast.signatory, now=now)
    with pytest.raises(Refused, match="signed this version already") as refused:
        sign_agreement(agreement=version, digest=digest, by=cast.signatory, now=now)
    assert refused.value.conflict
    assert version.signatures.count() == 1


def test_a_date_moved_after_drafting_asks_for_a_new_version(cast: Cast, scoping: Case, now: datetime) -> None:
    """The anchor is the developer's newest date at signing too."""
    version = walk.agreement(cast, scoping, now)
    state_release(
        case=scoping,
        kind="general_release",
        state="planned",
        at=now + 22 * DAY,
        by=cast.liaison,
        now=now + DAY / 24,
    )
    with pytest.raises(Refused, match="drafts a new version"):
        sign_agreement(agreement=version, digest=version.text_digest, by=cast.signatory, now=now + DAY / 24)


def test_text_changed_behind_the_application_is_not_signed(cast: Cast, scoping: Case, now: datetime) -> None:
    """The digest is recomputed from the stored text."""
    version = walk.agreement(cast, scoping, now)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cases_agreement SET text = text || 'more' WHERE id = %s", [version.pk])
    with pytest.raises(Refused, match="not the text"):
        sign_agreement(agreement=version, digest=version.text_digest, by=cast.signatory, now=now)


def test_nobody_but_the_officer_drafts_and_only_in_scoping(cast: Cast, now: datetime) -> None:
    """Permission first, then the stage."""
    case = walk.agreed(cast, now)
    terms = Terms("general_release", now, now, now, "", (), ())
    with pytest.raises(Refused, match="case officer"):
        draft_agreement(case=case, terms=terms, by=cast.lead, now=now)
    case = walk.submitted(cast, now)
    with pytest.raises(Refused, match="drafted in scoping") as refused:
        draft_agreement(case=case, terms=terms, by=cast.officer, now=now)
    assert refused.value.conflict


def test_back_in_scoping_the_old_signatures_do_not_begin_access_again(cast: Cast, now: datetime) -> None:
    """Re-opening access needs a newly signed version, and counts the time of the first window."""
    case = walk.agreed(cast, now)
    case = move_case(case=case, name="benchmark", by=cast.officer, now=now + DAY)
    case = move_case(case=case, name="offer_access", by=cast.officer, now=now + 2 * DAY)
    assert not case.agreements.filter(state="signed").exists()
    with pytest.raises(Refused, match="not signed by both sides"):
        move_case(case=case, name="begin_access", by=cast.lead, now=now + 2 * DAY)
    later = now + 3 * DAY
    version = walk.agreement(cast, case, later, opens_at=later, closes_at=now + 25 * DAY)
    case = walk.sign_both(cast, version, later)
    spans = [period.span for period in case.window_periods.order_by("span")]
    assert [span.upper - span.lower for span in spans] == [2 * DAY, 22 * DAY]
