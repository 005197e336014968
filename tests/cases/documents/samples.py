"""Files made by the tests: whole ones, hostile ones, and the industry's harmless test file for virus scanners."""

import io
import zipfile
import zlib

MAIN = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
PDF_END = b"trailer\n<< /Root 1 0 R >>\n%%EOF\n"


def pdf(*objects: bytes, end: bytes = PDF_END) -> bytes:
    """A PDF of a catalogue and these objects."""
    parts = [b"<< /Type /Catalog >>", *objects]
    numbered = [b"%d 0 obj\n%s\nendobj\n" % (number, part) for number, part in enumerate(parts, start=1)]
    return b"%PDF-1.7\n" + b"".join(numbered) + end


def stream(body: bytes, described: bytes = b"") -> bytes:
    """A Flate stream."""
    packed = zlib.compress(body)
    head = b"<< /Length %d /Filter /FlateDecode %s >>" % (len(packed), described)
    return head + b"\nstream\n" + packed + b"\nendstream"


def docx(parts: dict[str, bytes] | None = None, document: bytes = b"<w:document/>") -> bytes:
    """A Word file with further parts."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"<Types>" + MAIN + b"</Types>")
        archive.writestr("word/document.xml", document)
        for name, content in (parts or {}).items():
            archive.writestr(name, content)
    return body.getvalue()


def linked() -> bytes:
    """A Word file with a part that is a symbolic link."""
    body = io.BytesIO(docx())
    with zipfile.ZipFile(body, "a") as archive:
        link = zipfile.ZipInfo("word/media/image1.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return body.getvalue()


def locked(archive: bytes) -> bytes:
    """An archive that says its first part is encrypted."""
    flagged = bytearray(archive)
    flagged[flagged.index(b"PK\x01\x02") + 8] |= 1
    return bytes(flagged)


def paragraphs(*texts: str) -> bytes:
    """A document part of paragraphs, each in two runs."""
    runs = "".join(
        f"<w:p><w:r><w:t>{text[:2]}</w:t></w:r><w:r><w:t>{text[2:]}</w:t></w:r></w:p>" for text in texts
    )
    return f"<w:document><w:body>{runs}</w:body></w:document>".encode()
