"""Files made to exhaust the process that looks at them: a look costs little, however large the file is."""

import io
import tracemalloc
import zipfile

import pytest

from cases.documents.types import recognise
from portal.kit.refusal import Refused

MAIN = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
MB = 1_000_000


def many_parts(count: int) -> bytes:
    """A Word file that lists very many parts."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("[Content_Types].xml", MAIN)
        archive.writestr("word/document.xml", b"<document/>")
        for number in range(count):
            archive.writestr(f"word/media/{number:060}.png", b"")
    return body.getvalue()


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"a,b\n" + b"x" * (80 * MB), "scores.csv"),
        (b'["' + b"x" * (80 * MB) + b'"]', "scores.json"),
    ],
    ids=["one line", "one string"],
)
def test_a_look_at_a_file_costs_little(body: bytes, name: str) -> None:
    """What it decides is tested elsewhere; here that it takes a bounded share of memory."""
    file = io.BytesIO(body)
    tracemalloc.start()
    try:
        recognise(file, name, "cyber_evaluation_report")
    except Refused:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 64 * MB, f"{peak / MB:.0f} MB"


def test_a_word_file_may_have_many_parts_and_not_any_number() -> None:
    """A thousand pictures are a long report; a list of parts that would fill the memory is not read at all."""
    with pytest.raises(Refused):
        recognise(io.BytesIO(many_parts(12_000)), "card.docx", "system_card")
    assert recognise(io.BytesIO(many_parts(1000)), "card.docx", "system_card")


def test_the_refusal_names_no_file() -> None:
    """Refusals are recorded for good, and a file name is content."""
    with pytest.raises(Refused) as refused:
        recognise(io.BytesIO(b"MZ"), "Xyzzy plan.pdf", "system_card")
    assert "Xyzzy" not in refused.value.sentence
