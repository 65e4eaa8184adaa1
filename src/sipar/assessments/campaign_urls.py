from __future__ import annotations

from django.urls import path

from sipar.assessments import campaign_views as views
from sipar.assessments import engagement_views as engagements

urlpatterns = [
    path("", views.campaigns, name="campaigns"),
    path("new/", views.campaign_new, name="campaign_new"),
    path("cohort/", views.campaign_cohort, name="campaign_cohort"),
    path("<slug:code>/", views.campaign, name="campaign"),
    path("<slug:code>/edit/", views.campaign_edit, name="campaign_edit"),
    path("<slug:code>/launch/", views.campaign_launch, name="campaign_launch"),
    path("<slug:code>/launching/", views.campaign_launching, name="campaign_launching"),
    path("<slug:code>/close/", views.campaign_close, name="campaign_close"),
    path("<slug:code>/reopen/", views.campaign_reopen, name="campaign_reopen"),
    path("<slug:code>/joiners/", views.campaign_joiners, name="campaign_joiners"),
    path("<slug:code>/outstanding/", views.campaign_outstanding, name="campaign_outstanding"),
    path("<slug:code>/outstanding.csv", views.campaign_reminders, name="campaign_reminders"),
    path("<slug:code>/engagements/", engagements.campaign_engagements, name="campaign_engagements"),
    path("<slug:code>/engagements/<int:number>/end/", engagements.engagement_end, name="engagement_end"),
]
