"""Pages of the documents room: upload, the document's own page, download, and what is done to a document."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.datastructures import MultiValueDict
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts.requests import Request
from cases.documents import actions, quarantine, queries, states
from cases.documents.forms import MarkingForm, ShareForm, UploadForm, VersionForm, WithdrawForm
from cases.documents.kinds import KINDS
from cases.documents.models import Document
from cases.documents.streaming import while_open
from cases.documents.uploads.pages import Bringing
from cases.documents.uploads.using import Meant
from cases.register.models import Case
from cases.register.pages import crumbs, frame, on_case, one_case
from cases.rules import markings, policy, visibility
from portal.kit.forms import attempt, status_of
from portal.kit.refusal import Refused

GET_POST = ["GET", "HEAD", "POST"]
FORM = "cases/documents/form.html"
# A file is data, never a page of ours: no script, no guess at its type, no copy kept on the way.
FILE_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store, private",
}


def _document(request: Request, document_id: UUID) -> Document:
    """The document, as far as this person may see its row."""
    visible = Document.objects.visible_to(request.user, request.now)
    related = visible.select_related("case__model_version__model", "case__policy_version", "owner")
    return on_case(related, document_id)


def _posted(request: Request) -> QueryDict | None:
    """What was sent, also when it is empty; None for a page that is only looked at."""
    return request.POST if request.method == "POST" else None


def _files(request: Request) -> MultiValueDict[str, UploadedFile] | None:
    return request.FILES if request.method == "POST" else None


def _require(request: Request, permission: str, case: Case) -> Any:
    return policy.require(request.user, permission, case, now=request.now)


@require_http_methods(GET_POST)
def document_new(request: Request, case_id: UUID) -> HttpResponse:
    """Upload a document to a case."""
    visible = Case.objects.visible_to(request.user, request.now).select_related("policy_version")
    case = one_case(visible, case_id)
    appointment = _require(request, "document.upload", case)
    bringing = Bringing(request, Meant(case), several=True)
    form = UploadForm(
        _posted(request),
        _files(request),
        arrived=bringing.arrived,
        organisation_kind=appointment.organisation.kind,
        may_mark=policy.may(request.user, "document.mark", case, now=request.now),
    )
    if request.method == "POST":
        added = attempt(request, form, lambda _: _added(request, case, form))
        if added is not None:
            return _to_added(request, case, added)
    context = frame(
        case, "Upload a document", form=form, action_label="Upload",
        default_marking=markings.MARKINGS[case.policy_version.default_marking],
        assurance=case.policy_version.assurance if appointment.organisation.kind == "developer" else "",
        bringing=bringing,
    )  # fmt: skip
    return render(request, FORM, context, status=status_of(form))


def _added(request: Request, case: Case, form: UploadForm) -> list[Document]:
    by, now, told, titled = request.user, request.now, form.told(), form.titled()
    if titled:
        return actions.upload_several(case=case, told=told, titled=titled, by=by, now=now)
    title, file = form.cleaned_data["title"], form.file_told()
    return [actions.upload(case=case, title=title, by=by, now=now, **file, **asdict(told))]


def _to_added(request: Request, case: Case, added: list[Document]) -> HttpResponse:
    if len(added) > 1:
        messages.success(
            request,
            f"{len(added)} documents are uploaded and scanned now; each page has its digest.",
        )
        return redirect(case)
    messages.success(
        request, f"“{added[0].title}” is uploaded; its digest is on this page. It is scanned now."
    )
    return redirect(added[0])


@require_GET
def document(request: Request, document_id: UUID) -> HttpResponse:
    """Everything about one document that this person may know."""
    found = _document(request, document_id)
    return render(request, "cases/documents/document.html", _page(request, found))


def _page(request: Request, document: Document) -> dict[str, Any]:
    user, now, case = request.user, request.now, document.case
    versions = queries.versions(document, user, now)
    newest = next(
        (one for one in versions if one.state == visibility.AVAILABLE), versions[0] if versions else None
    )
    open_off = queries.open_refusal(user, newest, now) if newest else None
    titled = not open_off or visibility.reads_titles(user, case, now)
    title = document.title if titled else document.get_kind_display()
    sees_case = Case.objects.visible_to(user, now).filter(pk=case.pk).exists()
    inside = visibility.inside(user, case, now)
    state = queries.state_of(document) or (states.tag_of(versions[0]) if versions else None) or ("", "")
    reads_log = sees_case and policy.standing(user, "document.readers", case, now) is not None
    return {
        "title": title,
        "titled": titled,
        "needed_for": KINDS[document.kind].needed_for,
        "document": document,
        "case": case,
        "sees_case": sees_case,
        "crumbs": crumbs(case, title) if sees_case else [],
        "marking": markings.MARKINGS[document.marking],
        "state": state[0],
        "state_tone": state[1],
        "versions": [states.shown(one, inside=inside, open_off=open_off) for one in versions],
        "newest": newest,
        "download_label": f"Download version {newest.number}" if newest else "",
        "decides": sees_case and policy.standing(user, quarantine.PERMISSION, case, now) is not None,
        "decisions": quarantine.decisions(versions, user, case, now),
        "open_off": open_off,
        "readers": queries.readers(document, user, now) if reads_log else None,
        "shares": queries.shares(document) if sees_case else [],
        "offers": queries.offers(document, user, now) if sees_case else [],
    }


@require_safe
def document_file(request: Request, document_id: UUID, number: int) -> HttpResponseBase:
    """The bytes of one version, as an attachment. Downloads are recorded; HEAD opens and records nothing."""
    found = _document(request, document_id)
    version = get_object_or_404(
        queries.read_versions(found, request.user, request.now).select_related("document__case"),
        number=number,
    )
    if request.method == "HEAD":
        said = queries.open_refusal(request.user, version, request.now)
        if said is not None:
            raise Refused(said)
        response: HttpResponseBase = HttpResponse(headers={"Content-Length": str(version.size)})
    else:
        stored = actions.open_version(version=version, by=request.user, now=request.now)
        response = StreamingHttpResponse(while_open(stored, version, request))
        response["Content-Length"] = str(version.size)
    response["Content-Type"] = "application/octet-stream"
    response["Content-Disposition"] = content_disposition_header(True, version.file_name)
    for name, value in FILE_HEADERS.items():
        response[name] = value
    return response


@require_http_methods(GET_POST)
def document_version_new(request: Request, document_id: UUID) -> HttpResponse:
    """Add the next version of a document."""
    found = _document(request, document_id)
    _offered(request, found, "version")
    newest = queries.versions(found, request.user, request.now)[0]
    bringing = Bringing(request, Meant(found.case, document=found))
    form = VersionForm(
        _posted(request), _files(request), arrived=bringing.arrived, initial={"after": newest.number}
    )
    if request.method == "POST":
        version = attempt(
            request,
            form,
            lambda _: actions.add_version(document=found, by=request.user, now=request.now, **form.told()),
        )
        if version is not None:
            messages.success(request, f"Version {version.number} is uploaded. It is scanned now.")
            return redirect(found)
    return _form_page(
        request, found, form, "Upload a new version", f"Version {newest.number} stays, and stays readable.",
        bringing=bringing,
    )  # fmt: skip


@require_http_methods(GET_POST)
def document_marking(request: Request, document_id: UUID) -> HttpResponse:
    """Set the marking of a document."""
    found = _document(request, document_id)
    _offered(request, found, "marking")
    form = MarkingForm(_posted(request), initial={"marking": found.marking})
    if request.method == "POST":
        marked = attempt(
            request, form,
            lambda values: actions.mark(document=found, by=request.user, now=request.now, marking=values["marking"]),
        )  # fmt: skip
        if marked is not None:
            messages.success(request, f"The document is marked {markings.MARKINGS[marked.marking].banner}.")
            return redirect(found)
    intro = "The marking decides who sees that the document exists. CUI//FED ONLY closes it to developer and partners."
    return _form_page(request, found, form, "Set the marking", intro)


@require_http_methods(GET_POST)
def document_share(request: Request, document_id: UUID) -> HttpResponse:
    """Share a document with the partner of a grant."""
    found = _document(request, document_id)
    _offered(request, found, "share")
    form = ShareForm(_posted(request), grants=queries.shareable_grants(found.case, request.now))
    if request.method == "POST":
        shared = attempt(
            request, form,
            lambda values: actions.share(document=found, grant=values["grant"], by=request.user, now=request.now),
        )  # fmt: skip
        if shared is not None:
            messages.success(request, f"{shared.grant.organisation.name} may open it while its grant lives.")
            return redirect(found)
    intro = "The partner may open every version while its grant lives, and sees nothing else of the case."
    return _form_page(request, found, form, "Share the document", intro)


@require_http_methods(GET_POST)
def document_withdraw(request: Request, document_id: UUID) -> HttpResponse:
    """Withdraw a document."""
    found = _document(request, document_id)
    _offered(request, found, "withdraw")
    form = WithdrawForm(_posted(request))
    if request.method == "POST":
        withdrawn = attempt(
            request, form, lambda _: actions.withdraw(document=found, by=request.user, now=request.now)
        )
        if withdrawn is not None:
            messages.success(
                request, "The document is withdrawn. Nobody opens it any more; its bytes are kept."
            )
            return redirect(found)
    shared = len(queries.shares(found))
    intro = (
        "Nobody opens the document any more, the agency and partners included "
        f"(shared with {shared} {'partner' if shared == 1 else 'partners'}). Its bytes are kept as a record."
    )
    return _form_page(request, found, form, "Withdraw the document", intro, kind="danger")


def _offered(request: Request, document: Document, name: str) -> None:
    """Refuse a page that is not this person's: 404 for who does not see the case, else the sentence whose it is."""
    get_object_or_404(Case.objects.visible_to(request.user, request.now), pk=document.case_id)
    offer = queries.OFFERS[name]
    appointment = _require(request, offer.permission, document.case)
    if not offer.is_for(appointment, document):
        raise Refused(queries.owner_sentence(document), permission=offer.permission)


def _form_page(
    request: Request,
    document: Document,
    form: Any,
    title: str,
    intro: str,
    kind: str = "primary",
    **more: Any,
) -> HttpResponse:
    context = frame(
        document.case, title, also=[document.marking], form=form, document=document, intro=intro,
        action_label=title, action_kind=kind, **more,
    )  # fmt: skip
    context["back"] = document.get_absolute_url()
    return render(request, FORM, context, status=status_of(form))
