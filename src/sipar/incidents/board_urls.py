"""Addresses of the boards: on duty, the national situation, roll-ups."""

from __future__ import annotations

from django.urls import path

from sipar.incidents import duty_desk_views, rollup_views, situation_views, team_board_views

urlpatterns = [
    path("duty/", duty_desk_views.duty_desk, name="duty_desk"),
    path("duty/team/", team_board_views.team_board, name="team_board"),
    path("situation/", situation_views.situation, name="situation"),
    path("roll-ups/", rollup_views.rollups, name="rollups"),
    path("roll-ups/new/", rollup_views.assemble_rollup, name="rollup_new"),
    path("roll-ups/period/", rollup_views.set_period, name="rollup_period"),
    path("roll-ups/<str:number>/", rollup_views.rollup, name="rollup"),
    path("roll-ups/<str:number>/document/", rollup_views.document, name="rollup_document"),
    path("roll-ups/<str:number>/acknowledge/", rollup_views.acknowledge, name="rollup_acknowledge"),
]
