"""Addresses of records."""

from django.urls import path

from cases.records import views

urlpatterns = [
    path("records/", views.records_desk, name="records_desk"),
    path("cases/<uuid:case_id>/records/", views.case_records, name="case_records"),
    path("cases/<uuid:case_id>/records/retention/", views.retention, name="retention"),
    path("cases/<uuid:case_id>/records/legal-hold/", views.legal_hold_new, name="legal_hold_new"),
    path("legal-hold/<uuid:legal_hold_id>/lift/", views.legal_hold_lift, name="legal_hold_lift"),
    path("cases/<uuid:case_id>/foia/new/", views.foia_new, name="foia_new"),
    path("foia/<uuid:foia_id>/", views.foia, name="foia"),
    path("foia/<uuid:foia_id>/notice/", views.foia_notice, name="foia_notice"),
    path("foia/<uuid:foia_id>/answer/", views.foia_answer, name="foia_answer"),
    path("foia/<uuid:foia_id>/decision/", views.foia_decide, name="foia_decide"),
]
