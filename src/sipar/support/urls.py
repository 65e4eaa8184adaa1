from __future__ import annotations

from django.urls import path

from sipar.support import views

urlpatterns = [
    path("", views.support_list, name="support_list"),
    path("new/", views.support_ask, name="support_ask"),
    path("<str:help_number>/", views.support_request, name="support_request"),
    path("<str:help_number>/accept/", views.support_accept, name="support_accept"),
    path("<str:help_number>/eta/", views.support_eta, name="support_eta"),
    path("<str:help_number>/decline/", views.support_decline, name="support_decline"),
    path("<str:help_number>/hand-over/", views.support_hand_over, name="support_hand_over"),
    path("<str:help_number>/dispatch/", views.support_dispatch, name="support_dispatch"),
    path("<str:help_number>/release/<int:assignment_id>/", views.support_release, name="support_release"),
    path("<str:help_number>/arrive/", views.support_arrive, name="support_arrive"),
    path("<str:help_number>/effort/", views.support_effort, name="support_effort"),
    path("<str:help_number>/finish/", views.support_finish, name="support_finish"),
    path("<str:help_number>/lesson/", views.support_lesson, name="support_lesson"),
    path("<str:help_number>/lesson/<int:lesson_id>/plan/", views.support_plan_lesson, name="support_plan_lesson"),
    path("<str:help_number>/feedback/", views.support_feedback, name="support_feedback"),
    path("<str:help_number>/reopen/", views.support_reopen, name="support_reopen"),
    path("<str:help_number>/withdraw/", views.support_withdraw, name="support_withdraw"),
]
