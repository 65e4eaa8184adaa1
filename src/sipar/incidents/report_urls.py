"""Addresses of reporting, below /report/."""

from __future__ import annotations

from django.urls import path

from sipar.incidents import emergency_views as calling
from sipar.incidents import mail_views as mails
from sipar.incidents import report_sending_views as sending
from sipar.incidents import report_views as writing

urlpatterns = [
    path("", writing.start, name="report_start"),
    path("new/", writing.begin, name="report_begin"),
    path("call/", writing.begin_call, name="report_begin_call"),
    path("waiting/<str:number>/", calling.call, name="emergency_call"),
    path("waiting/<str:number>/verify/", calling.verify, name="emergency_verify"),
    path("waiting/<str:number>/refuse/", calling.refuse, name="emergency_refuse"),
    path("mails/<int:mail>/", mails.read, name="mail"),
    path("mails/<int:mail>/original/", mails.original, name="mail_original"),
    path("mails/<int:mail>/take-up/", mails.take_up, name="mail_take_up"),
    path("mails/<int:mail>/set-aside/", mails.set_aside, name="mail_set_aside"),
    path("<str:number>/", writing.form, name="report_form"),
    path("<str:number>/save/", writing.save, name="report_save"),
    path("<str:number>/attach/", writing.attach, name="report_attach"),
    path("<str:number>/leave/", writing.leave, name="report_leave"),
    path("<str:number>/discard/", writing.discard, name="report_discard"),
    path("<str:number>/check/", sending.check, name="report_check"),
    path("<str:number>/send/", sending.send, name="report_send"),
    path("<str:number>/not-reporting/", sending.decide, name="report_decide"),
    path("<str:number>/delay/", sending.delay, name="report_delay"),
    path("<str:number>/twin/", sending.twin, name="report_twin"),
    path("<str:number>/receipt/<int:sent>/", sending.receipt, name="report_receipt"),
    path("<str:number>/receipt/<int:sent>/document/", sending.document, name="report_document"),
    path("<str:number>/receipt/<int:sent>/proof/", sending.proof, name="report_proof"),
]
