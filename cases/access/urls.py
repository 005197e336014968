"""Addresses of access: agreements, partners, grants."""

from django.urls import path

from cases.access.views import agreements, grants, holding, partners

urlpatterns = [
    path("cases/<uuid:case_id>/agreement/new/", agreements.agreement_new, name="agreement_new"),
    path("agreements/<uuid:agreement_id>/", agreements.agreement, name="agreement"),
    path("agreements/<uuid:agreement_id>/sign/", agreements.agreement_sign, name="agreement_sign"),
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
    path("grants/<uuid:grant_id>/terms/", holding.grant_terms, name="grant_terms"),
    path("grants/<uuid:grant_id>/close-out/", holding.grant_close_out, name="grant_close_out"),
]
