from __future__ import annotations

from django.urls import path

from sipar.notices import notice_views, rule_views

urlpatterns = [
    path("", notice_views.notice_list, name="notice_list"),
    path("rules/", rule_views.rules_list, name="rules_list"),
    path("rules/new/", rule_views.rules_new, name="rules_new"),
    path("rules/check/", rule_views.rules_check, name="rules_check"),
    path("rules/<int:rule_set>/", rule_views.rules, name="rules"),
    path("rules/<int:rule_set>/activate/", rule_views.rules_activate, name="rules_activate"),
    path("rules/<int:rule_set>/discard/", rule_views.rules_discard, name="rules_discard"),
    path("rules/<int:rule_set>/dry-run/", rule_views.rules_dry_run, name="rules_dry_run"),
    path("rules/dry-runs/<int:dry_run>/", rule_views.rules_dry_run_result, name="rules_dry_run_result"),
    path("inhibitions/", notice_views.notice_inhibitions, name="notice_inhibitions"),
    path("inhibitions/<int:inhibition>/end/", notice_views.notice_inhibition_end, name="notice_inhibition_end"),
    path("questions/", notice_views.notice_questions, name="notice_questions"),
    path("questions/<int:question>/", notice_views.notice_question, name="notice_question"),
    path("channel/<str:identifier>/", notice_views.notice_channel, name="notice_channel"),
    path("<str:notice_number>/", notice_views.notice, name="notice"),
    path("<str:notice_number>/answer/", notice_views.notice_answer, name="notice_answer"),
    path("<str:notice_number>/settle/", notice_views.notice_settle, name="notice_settle"),
]
