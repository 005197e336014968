"""The panels of homes: windows on one axis, the developer's cards with their lines, who opened its documents."""

from datetime import datetime, timedelta

from cases.documents.actions import open_version
from cases.documents.models import DocumentVersion
from cases.reports.home import home
from tests import walk
from tests.cast import Cast


def test_windows_that_open_or_close_within_fourteen_days(cast: Cast, now: datetime) -> None:
    """A window stands on the officer's axis from fourteen days before its opening or its end, and not after it."""
    case = walk.agreed(cast, now)
    end = now + walk.WINDOW
    shown = {
        at: [(one.note, one.word, one.at) for one in home(cast.officer, at).windows or []]
        for at in (now, end - timedelta(days=13), end)
    }
    assert shown == {
        now: [],
        end - timedelta(days=13): [(case.number, "closes", end)],
        end: [],
    }
    assert home(cast.official, now).windows is None
    assert home(cast.security, end - timedelta(days=13)).marks == [case.marking]


def test_a_window_to_come_is_one_that_opens(cast: Cast, now: datetime) -> None:
    """Before its opening the row tells of the opening."""
    case = walk.acknowledged(cast, now, release_at=now + timedelta(days=30))
    opens = now + timedelta(days=5)
    draft = walk.agreement(cast, case, now, opens_at=opens, closes_at=opens + timedelta(days=20))
    walk.sign_both(cast, draft, now)
    (row,) = home(cast.lead, now).windows or []
    assert (row.word, row.at) == ("opens", opens)
    assert not home(cast.security, now + timedelta(days=40)).windows


def test_a_developer_s_card_has_the_line_of_its_window(cast: Cast, now: datetime) -> None:
    """The card of a case with a window draws it, a draft's has none, and a stranger has no card."""
    case = walk.granted(cast, now)
    draft = walk.drafted(cast, now)
    lines = {card.case.pk: card.line for card in home(cast.liaison, now).cards}
    assert lines[draft.pk] is None
    line = lines[case.pk]
    assert line is not None
    assert line.phase == "open"
    assert {bar.label for bar in line.bars} >= {cast.agency.short_name, cast.partner_org.short_name}
    assert home(cast.stranger, now).cards == []


def test_who_opened_the_documents_this_week(cast: Cast, now: datetime) -> None:
    """Other organizations are counted for seven days; the developer's own reading is not, and strangers see nothing."""
    case = walk.granted(cast, now)
    version = DocumentVersion.objects.get(
        document=walk.paper(case, cast.liaison, now, kind="red_team_report"), number=1
    )
    for reader in (cast.officer, cast.officer, cast.liaison):
        open_version(version=version, by=reader, now=now).close()
    inside = walk.paper(case, cast.officer, now, "notice", marking="CUI_FEDONLY").versions.get()
    open_version(version=inside, by=cast.lead, now=now).close()
    (row,) = home(cast.signatory, now).opened or []
    assert (row.organisation, row.times, row.last) == (cast.agency.name, 2, now)
    assert home(cast.stranger, now).opened == []
    assert home(cast.officer, now).opened is None
    assert home(cast.liaison, now + timedelta(days=7, seconds=1)).opened == []
