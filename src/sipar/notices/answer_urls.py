from __future__ import annotations

from django.urls import path

from sipar.notices import answer_views

urlpatterns = [path("<str:secret>/", answer_views.answer_notice, name="answer_notice")]
