"""Addresses of questions."""

from django.urls import path

from cases.questions import views

urlpatterns = [
    path("cases/<uuid:case_id>/questions/new/", views.question_new, name="question_new"),
    path("threads/<uuid:thread_id>/", views.question_thread, name="question_thread"),
    path("threads/<uuid:thread_id>/ask/", views.question_follow, name="question_follow"),
    path("questions/<uuid:question_id>/answer/", views.question_answer, name="question_answer"),
    path("questions/<uuid:question_id>/no-answer/", views.question_decline, name="question_decline"),
    path("questions/<uuid:question_id>/message/", views.question_message, name="question_message"),
    path("questions/<uuid:question_id>/close/", views.question_close, name="question_close"),
    path("questions/<uuid:question_id>/take-back/", views.question_take_back, name="question_take_back"),
]
