"""Addresses of readiness."""

from django.urls import path

from cases.readiness import views

urlpatterns = [
    path("cases/<uuid:case_id>/readiness/", views.readiness, name="readiness"),
    path("cases/<uuid:case_id>/readiness/answers/", views.answers, name="readiness_answers"),
    path("cases/<uuid:case_id>/readiness/obligations/new/", views.obligation_new, name="obligation_new"),
    path("cases/<uuid:case_id>/readiness/notice/", views.notice_new, name="obligations_notice_new"),
    path("obligations/<uuid:obligation_id>/", views.obligation, name="obligation"),
    path("obligations/<uuid:obligation_id>/remove/", views.obligation_remove, name="obligation_remove"),
    path("obligations/<uuid:obligation_id>/restore/", views.obligation_restore, name="obligation_restore"),
    path("obligations-notices/<uuid:notice_id>/", views.notice, name="obligations_notice"),
    path("obligations-notices/<uuid:notice_id>/file/", views.notice_file, name="obligations_notice_file"),
]
