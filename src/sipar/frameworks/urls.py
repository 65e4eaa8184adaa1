from __future__ import annotations

from django.urls import path

from sipar.frameworks import views

urlpatterns = [
    path("", views.frameworks, name="frameworks"),
    path("import/", views.framework_import, name="framework_import"),
    path("import/load/", views.framework_load, name="framework_load"),
    path("coverage/", views.mapping_coverage, name="mapping_coverage"),
    path("taxonomies/", views.taxonomies, name="taxonomies"),
    path("<int:number>/", views.framework, name="framework"),
    path("<int:number>/retire/", views.framework_retire, name="framework_retire"),
    path("<int:number>/restore/", views.framework_restore, name="framework_restore"),
    path("<int:number>/requirements.csv", views.framework_csv, name="framework_csv"),
]
