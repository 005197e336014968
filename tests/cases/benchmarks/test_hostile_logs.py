"""Logs made to break an importer: each is refused with its sentence or read as not complete, within its caps."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.benchmarks.importers import DEFAULT, Caps, Unreadable, read
from cases.benchmarks.reading import read_in_child
from tests.cases.benchmarks.zips import Members, members_of, write_zip

SAMPLES = Path(__file__).parents[2] / "samples" / "inspect"
WHOLE = SAMPLES / "19_refuse.eval"
FIRST = "samples/toy-00000_epoch_1.json"


def refused(path: Path, caps: Caps = DEFAULT) -> str:
    with pytest.raises(Unreadable) as refusal:
        read(path, caps)
    return refusal.value.sentence


@pytest.fixture(scope="module")
def members() -> Members:
    return members_of(WHOLE)


def swapped(members: Members, name: str, data: bytes) -> Members:
    return [(member, data if member == name else content) for member, content in members]


# ---- the archive as a whole


@pytest.mark.parametrize(
    "name",
    ["../evil.json", "/etc/evil.json", "samples/../../evil", "..\\evil", "\\evil", "C:\\evil", "a\0b", ".."],
)
def test_names_that_point_outside(tmp_path: Path, members: Members, name: str) -> None:
    path = write_zip(tmp_path / "log", [*members, (name, b"{}")])
    assert refused(path).startswith("A member's name points outside the file: ")


def test_two_members_of_one_name(tmp_path: Path, members: Members) -> None:
    path = write_zip(tmp_path / "log", [*members, ("header.json", members[-1][1])])
    assert refused(path) == "Two members bear the same name: 'header.json'."


def test_members_over_each_other(tmp_path: Path, members: Members) -> None:
    path = write_zip(
        tmp_path / "log",
        [*members, ("samples/x_epoch_1.json", b"{}")],
        offsets={"samples/x_epoch_1.json": 40},
    )
    assert refused(path).startswith("Two members lie over each other: ")


def test_encrypted_members(tmp_path: Path, members: Members) -> None:
    assert refused(write_zip(tmp_path / "log", members, flags=1)).startswith("A member is encrypted: ")


def test_too_many_members(tmp_path: Path, members: Members) -> None:
    sentence = refused(write_zip(tmp_path / "log", members), replace(DEFAULT, members=10))
    assert sentence == f"The zip file lists {len(members)} members; at most 10 are read."


def test_a_member_declared_over_the_cap(tmp_path: Path, members: Members) -> None:
    path = write_zip(tmp_path / "log", members, declared={FIRST: 2**32 - 2})
    assert refused(path).startswith(
        "A member inflates to 4,294,967,294 bytes; at most 1,073,741,824 are read"
    )


def test_all_members_over_the_cap(tmp_path: Path, members: Members) -> None:
    sentence = refused(write_zip(tmp_path / "log", members), replace(DEFAULT, total_bytes=100_000))
    assert "at most 100,000 are read" in sentence


@pytest.mark.parametrize("method", [8, 93])
def test_a_bomb_among_honest_members(tmp_path: Path, members: Members, method: int) -> None:
    path = write_zip(tmp_path / "log", swapped(members, FIRST, bytes(100 * 1024 * 1024)), method=method)
    assert path.stat().st_size < 400_000
    assert refused(path).endswith("times their size; at most 500 times is read.")


def test_a_file_over_the_cap() -> None:
    assert refused(WHOLE, replace(DEFAULT, file_bytes=1000)).endswith("at most 1,000 are read.")


def test_zips_without_a_header(tmp_path: Path, members: Members) -> None:
    sentence = "The file is a zip without the header of an evaluation log."
    headless = [row for row in members if row[0] not in ("header.json", "_journal/start.json")]
    assert refused(write_zip(tmp_path / "log", headless)) == sentence
    assert refused(write_zip(tmp_path / "log", [])) == sentence


# ---- the header


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (b"", "header.json is not valid JSON."),
        (b"{", "header.json is not valid JSON."),
        (b"\xff\xfe", "header.json is not valid JSON."),
        (b"[]", "header.json does not describe an evaluation."),
        (b'{"eval": []}', "header.json does not describe an evaluation."),
        (b'{"eval": {}}', "header.json names no task."),
        (b'{"eval": {"task": "a", "task": "b"}}', "header.json names the same field twice."),
        (b'{"eval": {"task": ' + b"9" * 5000 + b"}}", "header.json is not valid JSON."),
        (b'{"eval":' * 50_000, "The file is nested too deeply."),
    ],
)
def test_headers_that_are_none(tmp_path: Path, members: Members, header: bytes, sentence: str) -> None:
    found = refused(write_zip(tmp_path / "log", swapped(members, "header.json", header)))
    assert found in (sentence, f"The {sentence}")


def test_a_header_over_the_cap(members: Members) -> None:
    assert refused(WHOLE, replace(DEFAULT, header_bytes=100)).startswith("header.json is ")


def test_a_header_whose_checksum_is_wrong(tmp_path: Path, members: Members) -> None:
    raw = bytearray(write_zip(tmp_path / "log", members, method=0).read_bytes())
    at = raw.index(b'"accuracy"', raw.index(b'"results"', raw.rindex(b"PK\x03\x04")))
    raw[at + 1] ^= 1
    (tmp_path / "log").write_bytes(raw)
    assert (
        refused(tmp_path / "log") == "header.json cannot be used: its checksum does not agree with its data."
    )


def test_too_many_scores(tmp_path: Path, members: Members) -> None:
    header = json.loads(members[-1][1])
    header["results"]["scores"] *= 501
    path = write_zip(tmp_path / "log", swapped(members, "header.json", json.dumps(header).encode()))
    assert refused(path) == "The log lists 501 scores; at most 500 are read."


# ---- single members: the rest is read, and the reading is not complete


def reasons(path: Path) -> list[str]:
    reading = read(path)
    assert reading.complete is False
    return reading.reasons


@pytest.mark.parametrize("method", [0, 8, 93])
def test_members_that_are_not_as_long_as_they_say(tmp_path: Path, members: Members, method: int) -> None:
    size = len(dict(members)[FIRST])
    more = write_zip(tmp_path / "more", members, method=method, declared={FIRST: size - 1})
    less = write_zip(tmp_path / "less", members, method=method, declared={FIRST: size + 1})
    assert (
        f"The member {FIRST} cannot be used: it inflates to more than the {size - 1:,} bytes it declares."
        in reasons(more)
    )
    assert f"The member {FIRST} cannot be used: it declares {size + 1:,} bytes and has {size:,}." in reasons(
        less
    )


def test_a_bomb_that_hides_its_size(tmp_path: Path, members: Members) -> None:
    path = write_zip(
        tmp_path / "log", swapped(members, FIRST, bytes(300 * 1024 * 1024)), declared={FIRST: 5000}
    )
    assert (
        f"The member {FIRST} cannot be used: it inflates to more than the 5,000 bytes it declares."
        in reasons(path)
    )


def test_another_name_in_the_member_itself(tmp_path: Path, members: Members) -> None:
    path = write_zip(tmp_path / "log", members, local_names={FIRST: FIRST.replace("0", "1")})
    assert f"The member {FIRST} cannot be used: its own header disagrees with the directory." in reasons(path)


def test_an_unknown_compression(tmp_path: Path, members: Members) -> None:
    raw = write_zip(tmp_path / "log", members, method=0).read_bytes()
    at, listed = raw.index(b"PK\x03\x04", 10), raw.index(b"PK\x01\x02")
    listed = raw.index(b"PK\x01\x02", listed + 4)
    changed = bytearray(raw)
    changed[at + 8], changed[listed + 10] = 14, 14
    (tmp_path / "log").write_bytes(changed)
    assert any("its compression method 14 is not known" in reason for reason in reasons(tmp_path / "log"))


@pytest.mark.parametrize(
    "data", [b"", b"null", b"[1]", b"{", b"{}", b"\xff", b'{"id": 1' + b"0" * 5000 + b"}"]
)
def test_samples_that_are_none(tmp_path: Path, members: Members, data: bytes) -> None:
    found = reasons(write_zip(tmp_path / "log", swapped(members, FIRST, data)))
    assert any(FIRST in reason and "cannot be used" in reason for reason in found)


def test_a_sample_nested_too_deeply(tmp_path: Path, members: Members) -> None:
    path = write_zip(tmp_path / "log", swapped(members, FIRST, b'{"metadata":' + b"[" * 200_000))
    assert refused(path) == "The file is nested too deeply."


def test_depth_in_a_large_sample_is_passed_over(tmp_path: Path, members: Members) -> None:
    """Deep transcripts are never built: what is skipped costs no stack."""
    sample = json.loads(dict(members)[FIRST])
    text = json.dumps({**sample, "store": "HERE"}).replace('"HERE"', "[" * 3_000_000 + "]" * 3_000_000)
    path = write_zip(tmp_path / "log", swapped(members, FIRST, text.encode()), method=0)
    assert read(path).complete


# ---- JSON


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"   ", "The file is neither a zip nor a JSON evaluation log."),
        (b"\x00" * 100, "The file is neither a zip nor a JSON evaluation log."),
        (b"[1, 2]", "The file is neither a zip nor a JSON evaluation log."),
        (b"hello", "The file is neither a zip nor a JSON evaluation log."),
        (b"PK", "The file is neither a zip nor a JSON evaluation log."),
        (b"PK\x03\x04", "The zip file is truncated or its directory is damaged."),
        (b"{", "The JSON file cannot be read: it ends in the middle."),
        (b"{}", "The file does not describe an evaluation."),
        (b'{"eval": {"task": "t"}} x', "The JSON file cannot be read: something follows its end."),
        (b'{"eval": {"task": "t"}, "eval": {}}', "The file names the field 'eval' twice."),
        (b'{"eval" {"task": "t"}}', "The JSON file cannot be read: it is not valid JSON."),
        (
            b'{"eval": {"task" "t"}, "x": "' + b"y" * 999 + b'"}',
            "The JSON file cannot be read: it is not valid JSON.",
        ),
        (b'{"eval": "\xff\xff"}', "The JSON file cannot be read: the text is not UTF-8."),
        (
            b'{"n": ' + b"9" * 5000 + b"}",
            "The JSON file cannot be read: it has a number with too many digits.",
        ),
        (b'{"eval": ' + b"[" * 200_000, "The file is nested too deeply."),
        (
            b'{"samples": [' + b"[" * 200_000 + b"]" * 200_000 + b"]}",
            "The file does not describe an evaluation.",
        ),
    ],
)
def test_json_that_is_no_log(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = tmp_path / "log"
    path.write_bytes(data)
    assert refused(path) == sentence


def test_a_json_field_over_the_cap() -> None:
    sentence = refused(SAMPLES / "02_success_json.json", replace(DEFAULT, header_bytes=200))
    assert sentence == "The field 'eval' is too large; at most 200 characters are read."


@pytest.mark.parametrize("kept", range(1, 100, 7))
def test_json_cut_anywhere_is_refused(tmp_path: Path, kept: int) -> None:
    whole = (SAMPLES / "02_success_json.json").read_bytes().rstrip()
    (tmp_path / "log").write_bytes(whole[: len(whole) * kept // 100])
    assert refused(tmp_path / "log") == "The JSON file cannot be read: it ends in the middle."


@pytest.mark.parametrize("kept", range(1, 100, 7))
def test_zips_cut_anywhere_are_refused(tmp_path: Path, kept: int) -> None:
    whole = WHOLE.read_bytes()
    (tmp_path / "log").write_bytes(whole[: len(whole) * kept // 100])
    assert refused(tmp_path / "log") == "The zip file is truncated or its directory is damaged."


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_no_flipped_byte_changes_a_figure_unnoticed(tmp_path: Path, place: float, flip: int) -> None:
    raw = bytearray(WHOLE.read_bytes())
    raw[int(place * len(raw))] ^= flip
    path = tmp_path / "log"
    path.write_bytes(raw)
    try:
        reading = read(path)
    except Unreadable:
        return
    if reading.complete:
        assert replace(reading, sha256="") == replace(read(WHOLE), sha256="")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=400),
    start=st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"{", b"\xef\xbb\xbf{"]),
)
def test_noise_is_refused_and_never_raises_anything_else(tmp_path: Path, data: bytes, start: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(start + data)
    refused(path)


# ---- files and the child process


def test_what_is_no_file(tmp_path: Path) -> None:
    assert refused(tmp_path) == "This is not a file."
    assert refused(tmp_path / "none") == "There is no such file."
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "pipe") == "This is not a file."


def test_the_child_reads_what_the_importer_reads() -> None:
    for name in ("04_epochs.eval", "64_nan_json.json", "28_killed.eval"):
        assert read_in_child(SAMPLES / name) == read(SAMPLES / name)


def test_a_child_refuses_with_the_same_sentence() -> None:
    with pytest.raises(Unreadable, match="ends in the middle"):
        read_in_child(SAMPLES / "52_trunc_json.json")


@pytest.mark.parametrize(
    ("caps", "sentence"),
    [
        ({"cpu_seconds": 1}, "more computing time"),
        ({"wall_seconds": 1}, "takes longer to read"),
    ],
)
def test_a_child_that_takes_too_long_is_a_sentence(
    tmp_path: Path, caps: dict[str, int], sentence: str
) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'{"eval": {"task": "t"}, "samples": [' + b"[[]]," * 20_000_000 + b"1]}")
    with pytest.raises(Unreadable, match=sentence):
        read_in_child(path, replace(DEFAULT, **caps))


def test_a_child_without_memory_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'{"eval": {"task": "t", "x": [' + b"1.5," * 6_000_000 + b"1]}}")
    with pytest.raises(Unreadable, match=r"more memory|stopped before"):
        read_in_child(path, replace(DEFAULT, memory_bytes=150 * 1024 * 1024))


def test_a_child_knows_nothing_of_its_parent_s_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit(3)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "sitecustomize.py"))
    assert read_in_child(WHOLE).complete


def test_the_importer_needs_no_django() -> None:
    code = (
        "import sys, cases.benchmarks.reading;"
        "print(sorted(name for name in sys.modules if name.split('.')[0] == 'django'))"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "[]"
