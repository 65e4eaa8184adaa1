from __future__ import annotations

from django.urls import path

from sipar.desk import views

urlpatterns = [path("", views.show, name="desk")]
