"""Addresses of access: agreements, partners, grants."""

from django.urls import path

from cases.access.views import agreements, credentials, grants, holding, partners, people, receipts, terms

urlpatterns = [
    path("cases/<uuid:case_id>/agreement/new/", agreements.agreement_new, name="agreement_new"),
    path("agreements/<uuid:agreement_id>/", agreements.agreement, name="agreement"),
    path("agreements/<uuid:agreement_id>/print/", agreements.agreement_print, name="agreement_print"),
    path("agreements/<uuid:agreement_id>/sign/", agreements.agreement_sign, name="agreement_sign"),
    path("cases/<uuid:case_id>/receipt/", receipts.receipt, name="receipt"),
    path("cases/<uuid:case_id>/attestations/new/", terms.attestation_new, name="attestation_new"),
    path("cases/<uuid:case_id>/partners/new/", partners.nomination_new, name="nomination_new"),
    path("partners/<uuid:nomination_id>/", partners.nomination, name="nomination"),
    path("partners/<uuid:nomination_id>/concur/", partners.nomination_concur, name="concur"),
    path("partners/<uuid:nomination_id>/retract/", partners.nomination_retract, name="retract"),
    path("cases/<uuid:case_id>/grants/new/", grants.grant_new, name="grant_new"),
    path("grants/", grants.grants, name="grants"),
    path("grants/<uuid:grant_id>/", grants.grant, name="grant"),
    path("grants/<uuid:grant_id>/suspend/", grants.grant_suspend, name="grant_suspend"),
    path("grants/<uuid:grant_id>/resume/", grants.grant_resume, name="grant_resume"),
    path("grants/<uuid:grant_id>/end/", grants.grant_end, name="grant_end"),
    path("grants/<uuid:grant_id>/people/", people.grant_people, name="grant_people"),
    path(
        "grants/<uuid:grant_id>/people/<uuid:person_id>/end/",
        people.grant_person_end,
        name="grant_person_end",
    ),
    path("grants/<uuid:grant_id>/credential/", credentials.credential_reveal, name="credential_reveal"),
    path("grants/<uuid:grant_id>/credential/store/", credentials.credential_store, name="credential_store"),
    path(
        "grants/<uuid:grant_id>/credential/withdraw/",
        credentials.credential_withdraw,
        name="credential_withdraw",
    ),
    path("grants/<uuid:grant_id>/terms/", holding.grant_terms, name="grant_terms"),
    path("grants/<uuid:grant_id>/close-out/", holding.grant_close_out, name="grant_close_out"),
]
