"""Addresses of the documents room."""

from django.urls import path

from cases.documents import findings_views, quarantine_views, spill_views, views
from cases.documents.uploads import views as uploads

urlpatterns = [
    path("cases/<uuid:case_id>/documents/new/", views.document_new, name="document_new"),
    path("grants/<uuid:grant_id>/findings/new/", findings_views.findings_new, name="findings_new"),
    path("documents/<uuid:document_id>/", views.document, name="document"),
    path(
        "documents/<uuid:document_id>/versions/new/", views.document_version_new, name="document_version_new"
    ),
    path("documents/<uuid:document_id>/versions/<int:number>/", views.document_file, name="document_file"),
    path(
        "documents/<uuid:document_id>/versions/<int:number>/quarantine/",
        quarantine_views.document_quarantine,
        name="document_quarantine",
    ),
    path("documents/<uuid:document_id>/spill/", spill_views.document_spill, name="document_spill"),
    path("spills/<uuid:spill_id>/", spill_views.spill, name="spill"),
    path("spills/<uuid:spill_id>/close/", spill_views.spill_close, name="spill_close"),
    path("documents/<uuid:document_id>/share/", views.document_share, name="document_share"),
    path("documents/<uuid:document_id>/marking/", views.document_marking, name="document_marking"),
    path("documents/<uuid:document_id>/withdraw/", views.document_withdraw, name="document_withdraw"),
    path("cases/<uuid:case_id>/documents/uploads/", uploads.document_upload, name="document_upload"),
    path("documents/<uuid:document_id>/versions/uploads/", uploads.version_upload, name="version_upload"),
    path("grants/<uuid:grant_id>/findings/uploads/", uploads.findings_upload, name="findings_upload"),
    path("uploads/<uuid:upload_id>/", uploads.upload, name="upload"),
    path("uploads/<uuid:upload_id>/remove/", uploads.upload_remove, name="upload_remove"),
]
