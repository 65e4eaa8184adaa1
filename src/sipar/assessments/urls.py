from __future__ import annotations

from django.urls import path

from sipar.assessments import answer_views as answers
from sipar.assessments import submit_views as signing
from sipar.assessments import views
from sipar.assessments import workbook_views as workbook

urlpatterns = [
    path("", views.assessments, name="assessments"),
    path("<int:assessment_id>/", views.assessment, name="assessment"),
    path("<int:assessment_id>/sections/<str:group>/", answers.section, name="assessment_section"),
    path("<int:assessment_id>/sections/<str:group>/confirm/", answers.confirm, name="assessment_confirm"),
    path("<int:assessment_id>/sections/<str:group>/delegate/", answers.delegate, name="assessment_delegate"),
    path("<int:assessment_id>/sections/<str:group>/done/", answers.delegation_done, name="assessment_delegation_done"),
    path(
        "<int:assessment_id>/sections/<str:group>/withdraw/",
        answers.delegation_withdraw,
        name="assessment_delegation_withdraw",
    ),
    path("<int:assessment_id>/save/", answers.save, name="assessment_save"),
    path("<int:assessment_id>/next/", answers.next_unanswered, name="assessment_next"),
    path("<int:assessment_id>/evidence/<int:evidence_id>/", views.evidence_file, name="evidence_file"),
    path("<int:assessment_id>/check/", signing.check, name="assessment_check"),
    path("<int:assessment_id>/submit/", signing.submit, name="assessment_submit"),
    path("<int:assessment_id>/versions/", signing.versions, name="assessment_versions"),
    path("<int:assessment_id>/versions/<int:number>/", signing.receipt, name="assessment_receipt"),
    path("<int:assessment_id>/versions/<int:number>/signed.json", signing.signed_document, name="assessment_signed"),
    path("<int:assessment_id>/versions/<int:number>/proof.json", signing.proof, name="assessment_proof"),
    path("<int:assessment_id>/workbook/", workbook.export, name="assessment_export"),
    path("<int:assessment_id>/import/", workbook.bring_back, name="assessment_import"),
    path("<int:assessment_id>/import/apply/", workbook.apply, name="assessment_import_apply"),
]
