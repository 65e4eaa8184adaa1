from __future__ import annotations

from django.urls import path

from sipar.obligations import views

urlpatterns = [
    path("", views.my_duties, name="my_duties"),
    path("<int:duty_id>/", views.duty, name="duty"),
    path("<int:duty_id>/decision/", views.decide, name="decide_not_to_report"),
    path("reminders/read/", views.read_reminders, name="read_reminders"),
    path("calendar/", views.my_calendar, name="my_calendar"),
    path("calendar/renew/", views.renew_my_calendar, name="renew_my_calendar"),
    path("calendar/revoke/", views.revoke_my_calendar, name="revoke_my_calendar"),
    path("feed/<str:token>.ics", views.calendar_feed, name="calendar_feed"),
]
