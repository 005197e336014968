"""Who may do what, and when: every person × every act of labeling, and every state × every act."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction

from cases.labels.actions import (
    answer_consultation,
    close_consultation,
    open_consultations,
    record_disclosure,
    record_response,
)
from cases.labels.signing import rescind_determination
from cases.register.actions import move_case, recuse
from cases.register.models import Case
from portal.kit.refusal import Refused
from tests import walk
from tests.cast import Cast

Act = Callable[[Cast, Case, Any, datetime], Any]


class Undo(Exception):
    """Rolls an act back."""


def _ask(cast: Cast, case: Case, by: Any, now: datetime) -> Any:
    return open_consultations(case=case, question="?", by=by, now=now)


def _answer(cast: Cast, case: Case, by: Any, now: datetime) -> Any:
    return answer_consultation(
        consultation=case.consultations.get(office=cast.office), answer="concur", by=by, now=now
    )


def _close(cast: Cast, case: Case, by: Any, now: datetime) -> Any:
    return close_consultation(
        consultation=case.consultations.get(office=cast.office), reason="x", by=by, now=now
    )


def _sign(cast: Cast, case: Case, by: Any, now: datetime) -> Any:
    return walk.signed(case, by, now)


def _rescind(cast: Cast, case: Case, by: Any, now: datetime) -> Any:
    return rescind_determination(determination=case.determinations.get(), reason="x", by=by, now=now)


def _disclose(cast: Cast, case: Case, by: Any, now: datetime) -> Any:
    return record_disclosure(determination=case.determinations.get(), extent="fact_only", by=by, now=now)


def _respond(cast: Cast, case: Case, by: Any, now: datetime) -> Any:
    disclosure = case.determinations.get().disclosures.get()
    return record_response(disclosure=disclosure, text="Noted.", by=by, now=now)


def outcome_of(act: Act, cast: Cast, case: Case, by: Any, now: datetime) -> Refused | None:
    """The refusal of an act, or None when it succeeds; what it did is undone."""
    try:
        with transaction.atomic():
            act(cast, Case.objects.get(pk=case.pk), by, now)
            raise Undo
    except Undo:
        return None
    except Refused as refused:
        return refused


WHO: dict[str, tuple[Act, Callable[..., Case], set[str]]] = {
    "ask": (_ask, walk.labeling, {"officer"}),
    "answer": (_answer, walk.asked, {"consultee"}),
    "close": (_close, walk.asked, {"officer"}),
    "sign": (_sign, walk.consulted, {"official"}),
    "rescind": (_rescind, walk.determined, {"official"}),
    "disclose": (_disclose, walk.determined, {"officer"}),
    "respond": (_respond, walk.labelled, {"liaison", "signatory"}),
}


@pytest.mark.parametrize("name", WHO)
def test_who_may(cast: Cast, now: datetime, name: str) -> None:
    """Exactly the named people may; everybody else is refused as a person, with a sentence."""
    act, arrange, allowed = WHO[name]
    case = arrange(cast, now)
    for key, person in cast.people.items():
        refused = outcome_of(act, cast, case, person, now)
        if key in allowed:
            assert refused is None, f"{key}: {refused}"
        else:
            assert refused is not None, f"{key} may {name}"
            assert refused.status == 403, f"{key}: {refused.sentence}"
            assert refused.sentence.endswith(".")


@pytest.mark.parametrize("name", WHO)
def test_the_recused_may_not(cast: Cast, now: datetime, name: str) -> None:
    """A recusal takes every act away."""
    act, arrange, allowed = WHO[name]
    case = arrange(cast, now)
    for key in allowed:
        recuse(case=case, person=cast.people[key], reason="Interest", by=cast.lead, now=now)
        refused = outcome_of(act, cast, case, cast.people[key], now)
        assert refused is not None
        assert "recused" in refused.sentence


def _ended(name: str, **more: Any) -> Callable[..., Case]:
    def walked(cast: Cast, now: datetime) -> Case:
        case = walk.labelled(cast, now)
        by = cast.signatory if name == "withdraw" else cast.officer
        return move_case(case=case, name=name, by=by, now=now, **more)

    return walked


def _rescinded(cast: Cast, now: datetime) -> Case:
    case = walk.determined(cast, now)
    rescind_determination(determination=case.determinations.get(), reason="x", by=cast.official, now=now)
    return case


NOT_NOW = "this case is in the stage"
SIGNED = "the determination is signed"
IN_FORCE = "signed and in force"
SETTLED = "settled already"
ANSWERED = "answered already"
# state -> what is said, in the order ask, answer, close, sign, rescind, disclose, respond. Empty: it may be done;
# None: there is nothing yet to do it to.
WHEN: dict[str, tuple[Callable[..., Case], tuple[str | None, ...]]] = {
    "measured": (walk.measured, (NOT_NOW, None, None, NOT_NOW, None, None, None)),
    "labeling": (walk.labeling, ("", None, None, "no office has been asked", None, None, None)),
    "asked": (walk.asked, ("", "", "", "required answers are open: cisa", None, None, None)),
    "consulted": (walk.consulted, ("", ANSWERED, SETTLED, "", None, None, None)),
    "determined": (walk.determined, (SIGNED, ANSWERED, SETTLED, IN_FORCE, "", "", None)),
    "labelled": (walk.labelled, (SIGNED, ANSWERED, SETTLED, IN_FORCE, "", "recorded already", "")),
    "rescinded": (_rescinded, ("", ANSWERED, SETTLED, "", "rescinded already", "was rescinded", None)),
    "closed": (_ended("close"), (SIGNED, ANSWERED, SETTLED, IN_FORCE, "", "recorded already", "")),
    "withdrawn": (_ended("withdraw"), (SIGNED, ANSWERED, SETTLED, IN_FORCE, "", "was withdrawn", "")),
}


@pytest.mark.parametrize("state", WHEN)
def test_when(cast: Cast, now: datetime, state: str) -> None:
    """In each state each act, by the person whose it is, is possible or refused as untimely with its sentence."""
    arrange, said = WHEN[state]
    case = arrange(cast, now)
    people = (
        cast.officer,
        cast.consultee,
        cast.officer,
        cast.official,
        cast.official,
        cast.officer,
        cast.liaison,
    )
    for (name, (act, _, _)), by, expected in zip(WHO.items(), people, said, strict=True):
        if expected is None:
            continue
        refused = outcome_of(act, cast, case, by, now)
        if expected == "":
            assert refused is None, f"{name}: {refused}"
        else:
            assert refused is not None, f"{name} is possible"
            assert refused.status == 409
            assert expected in refused.sentence.lower(), f"{name}: {refused.sentence}"
