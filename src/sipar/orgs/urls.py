"""Addresses of the register. An identifier holds a digit, so none can be one of the fixed words."""

from __future__ import annotations

from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter

from sipar.orgs import designation_views, import_views, keeping_views, views


class IdentifierConverter(StringConverter):
    regex = r"(?=[^/]*[0-9])[A-Za-z0-9][A-Za-z0-9._:-]{0,39}"


class FileFormConverter(StringConverter):
    regex = "csv|xlsx"


register_converter(IdentifierConverter, "identifier")
register_converter(FileFormConverter, "file_form")

urlpatterns: list[URLPattern] = [
    path("", views.organisation_list, name="organisations"),
    path("mine/", views.my_organisation, name="my_organisation"),
    path("register.<file_form:form>", views.export_organisations, name="export_organisations"),
    path("add/", keeping_views.add_organisation, name="organisation_add"),
    path("import/", import_views.import_register, name="import_register"),
    path("import/columns.csv", import_views.import_template, name="import_template"),
    path("import/<int:number>/", import_views.import_preview, name="import_preview"),
    path("import/<int:number>/apply/", import_views.import_apply, name="import_apply"),
    path("import/<int:number>/discard/", import_views.import_discard, name="import_discard"),
    path("designations/", designation_views.designation_list, name="designations"),
    path("designations/<int:number>/", designation_views.designation_page, name="designation"),
    path("designations/<int:number>/grade/", designation_views.grade, name="designation_grade"),
    path("designations/<int:number>/designate/", designation_views.designate, name="designation_designate"),
    path("designations/<int:number>/confirm/", designation_views.confirm_review, name="designation_confirm"),
    path("designations/<int:number>/ask/", designation_views.ask_withdrawal, name="designation_ask"),
    path("designations/<int:number>/withdraw/", designation_views.withdraw, name="designation_withdraw"),
    path("designations/<int:number>/keep/", designation_views.keep_designation, name="designation_keep"),
    path("<identifier:identifier>/", views.organisation_page, name="organisation"),
    path("<identifier:identifier>/change/", keeping_views.change_organisation, name="organisation_change"),
    path("<identifier:identifier>/contacts/add/", keeping_views.keep_contact, name="contact_add"),
    path("<identifier:identifier>/contacts/<int:contact>/", keeping_views.keep_contact, name="contact_change"),
    path("<identifier:identifier>/contacts/<int:contact>/remove/", keeping_views.remove_contact, name="contact_remove"),
    path("<identifier:identifier>/assets/", keeping_views.asset_list, name="organisation_assets"),
    path("<identifier:identifier>/assets/add/", keeping_views.keep_asset, name="asset_add"),
    path("<identifier:identifier>/assets/<int:asset>/", keeping_views.keep_asset, name="asset_change"),
    path("<identifier:identifier>/assets/<int:asset>/end/", keeping_views.end_asset, name="asset_end"),
    path("<identifier:identifier>/candidates/add/", designation_views.list_candidate, name="candidate_add"),
]
