"""Addresses of labeling and of the register."""

from django.urls import path

from cases.labels import register_views, signing_views, views

urlpatterns = [
    path("cases/<uuid:case_id>/consultations/new/", views.consultation_new, name="consultation_new"),
    path("consultations/<uuid:consultation_id>/", views.consultation, name="consultation"),
    path(
        "consultations/<uuid:consultation_id>/no-response/",
        views.consultation_close,
        name="consultation_close",
    ),
    path("cases/<uuid:case_id>/determination/", signing_views.determination_new, name="determination_new"),
    path("determinations/<uuid:determination_id>/", signing_views.determination, name="determination"),
    path("determinations/<uuid:determination_id>/rescind/", signing_views.rescind, name="rescind"),
    path("determinations/<uuid:determination_id>/disclosure/", views.disclosure_new, name="disclosure_new"),
    path("disclosures/<uuid:disclosure_id>/response/", views.response, name="response"),
    path("register/", register_views.register, name="register"),
    path("register/<uuid:label_id>/", register_views.label, name="label"),
]
