"""Small, whole PDF papers for the demonstration, made when it is loaded."""

from io import BytesIO


def pdf(title: str, lines: list[str]) -> BytesIO:
    """A one-page PDF 1.4 that shows `title` and `lines` in Helvetica (ISO 32000-1, § 7)."""
    shown = [f"BT /F1 16 Tf 72 720 Td ({_plain(title)}) Tj ET"]
    shown += [f"BT /F1 11 Tf 72 {690 - 18 * n} Td ({_plain(line)}) Tj ET" for n, line in enumerate(lines)]
    stream = "\n".join(shown).encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, body in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % place for place in places)
    out.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table))
    out.seek(0)
    return out


def _plain(text: str) -> str:
    """ASCII without what PDF strings give a meaning to."""
    kept = text.encode("ascii", "replace").decode()
    return kept.replace("\\", "").replace("(", "[").replace(")", "]")
