from __future__ import annotations

from django.urls import path

from sipar.teams import constituency_views, views

urlpatterns = [
    path("", views.teams, name="teams"),
    path("conflicts/", constituency_views.conflicts, name="conflicts"),
    path("conflicts/<int:dispute>/recommend/", constituency_views.recommendation, name="conflict_recommend"),
    path("conflicts/<int:dispute>/settle/", constituency_views.apply_recommendation, name="conflict_settle"),
    path("<slug:code>/", views.team, name="team"),
    path("<slug:code>/rfc2350.txt", views.profile_text, name="team_rfc2350"),
    path("<slug:code>/profile/", views.edit_profile, name="team_profile"),
    path("<slug:code>/services/", views.edit_services, name="team_services"),
    path("<slug:code>/members/", views.members, name="team_members"),
    path("<slug:code>/maturity/", views.maturity, name="team_maturity"),
    path("<slug:code>/roster/", views.roster, name="team_roster"),
    path("<slug:code>/roster/<int:shift>/remove/", views.take_off_shift, name="team_shift_remove"),
    path("<slug:code>/rule/", constituency_views.change_rule, name="team_rule"),
    path("<slug:code>/rule/<int:draft>/", constituency_views.draft, name="team_draft"),
    path(
        "<slug:code>/rule/<int:draft>/apply/",
        constituency_views.decide_draft,
        {"verdict": "apply"},
        name="team_draft_apply",
    ),
    path(
        "<slug:code>/rule/<int:draft>/discard/",
        constituency_views.decide_draft,
        {"verdict": "discard"},
        name="team_draft_discard",
    ),
    path("<slug:code>/why/<str:organisation>/", constituency_views.explain, name="team_why"),
]
