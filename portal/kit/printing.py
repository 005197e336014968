"""Printing: a page of ours as a tagged PDF. Its library needs Debian's Pango and is loaded when asked for."""

from typing import Any, Final

from django.conf import settings

from portal.kit.refusal import Refused

NOT_HERE: Final = (
    "This installation cannot make PDF files: the Pango library is missing. Its operator installs the package "
    "libpango-1.0-0 and libpangoft2-1.0-0. Meanwhile print the page itself from your browser."
)


def pdf_of(html: str, *, sheet: str = "print.css") -> bytes:
    """`html` as PDF/UA-1 (ISO 14289-1), styled by a sheet of `static/css`; nothing named in it is fetched.

    Raises Refused where Pango is missing.
    """
    weasyprint = _library()
    style = weasyprint.CSS(filename=settings.BASE_DIR / "static" / "css" / sheet)
    page = weasyprint.HTML(string=html, url_fetcher=weasyprint.urls.URLFetcher(allowed_protocols=()))
    made: bytes = page.write_pdf(stylesheets=[style], pdf_variant="pdf/ua-1")
    return made


def _library() -> Any:
    try:
        import weasyprint  # loads Pango
    except OSError as missing:
        raise Refused(NOT_HERE, conflict=True) from missing
    return weasyprint
