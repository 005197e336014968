"""The encoding that digests are taken over agrees with RFC 8785, and refuses what would not."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from portal.audit import canonical

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-canonical.SAFE_INTEGER, canonical.SAFE_INTEGER)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(PLAIN)
def test_bytes_are_those_of_the_standard(value: object) -> None:
    assert canonical.canonical(value) == rfc8785.dumps(value)


def test_keys_sort_by_utf16_units() -> None:
    assert canonical.canonical({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


def test_vector() -> None:
    """A fixed value and its digest, so that the encoding cannot drift unnoticed."""
    value = {"v": 1, "kind": "case.submitted", "data": {"n": 2, "names": ["é", "\n"]}, "absent": ""}
    assert canonical.canonical(value).decode() == (
        '{"absent":"","data":{"n":2,"names":["é","\\n"]},"kind":"case.submitted","v":1}'
    )
    assert canonical.digest(value) == "1ed1ccf90f9cb0ab9db0049775ab7e5158d717c5e7b91ff54bf012a094d5e19b"


@pytest.mark.parametrize(
    "value", [1.5, 2**53, b"x", datetime(2026, 1, 1, tzinfo=UTC), {1: "x"}, [{"a": 0.1}]]
)
def test_what_languages_disagree_about_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical.check_plain({"value": value})


def test_fractions_and_large_integers_from_the_database_stay_as_written() -> None:
    assert canonical.plain_json('{"a": 0.6500, "b": 9007199254740993, "c": 3}') == {
        "a": "0.6500",
        "b": "9007199254740993",
        "c": 3,
    }


def test_instants_are_utc_with_microseconds() -> None:
    eastern = datetime(2026, 7, 1, 8, 0, 0, 5, tzinfo=timezone(timedelta(hours=-4)))
    assert canonical.instant(eastern) == "2026-07-01T12:00:00.000005Z"
    with pytest.raises(ValueError, match="time zone"):
        canonical.instant(datetime(2026, 7, 1))  # noqa: DTZ001
