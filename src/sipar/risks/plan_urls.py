"""Addresses of plans, under /risks/plans/."""

from __future__ import annotations

from django.urls import path

from sipar.risks import plan_views as views

urlpatterns = [
    path("", views.plans, name="risk_plans"),
    path("new/", views.new_plan, name="risk_plan_new"),
    path("<int:plan>/", views.plan, name="risk_plan"),
    path("<int:plan>/change/", views.change_plan, name="risk_plan_change"),
    path("<int:plan>/cancel/", views.cancel_plan, name="risk_plan_cancel"),
    path("<int:plan>/measures/", views.measures, name="risk_plan_measures"),
    path("<int:plan>/push/", views.push_plan, name="risk_plan_push"),
    path("<int:plan>/measures.<str:kind>", views.plan_download, name="risk_plan_download"),
]
