from __future__ import annotations

from django.urls import path

from sipar.people import account_views, token_views, views

urlpatterns = [
    path("", views.me, name="me"),
    path("second-factor/", views.second_factor, name="second_factor"),
    path("sessions/<int:session>/end/", views.end_one_session, name="session_end"),
    path("colleagues/", views.colleagues, name="colleagues"),
    path("demonstration-sign-in/", views.demonstration_sign_in, name="demonstration_sign_in"),
    path("tokens/new/", token_views.new_token, name="token_new"),
    path("tokens/<int:token>/revoke/", token_views.revoke, name="token_revoke"),
    path("accounts/", account_views.accounts, name="accounts"),
    path("accounts/new/", account_views.new_account, name="account_new"),
    path("accounts/<int:account>/", account_views.account, name="account"),
    path("accounts/<int:account>/close/", account_views.close, name="account_close"),
    path("accounts/<int:account>/reopen/", account_views.reopen, name="account_reopen"),
    path("accounts/<int:account>/invite/", account_views.send_invitation, name="account_invite"),
    path("accounts/<int:account>/roles/<int:grant>/revoke/", account_views.revoke, name="role_revoke"),
    path(
        "accounts/requests/<int:role_request>/approve/",
        account_views.decide,
        {"verdict": "approve"},
        name="role_approve",
    ),
    path(
        "accounts/requests/<int:role_request>/refuse/", account_views.decide, {"verdict": "refuse"}, name="role_refuse"
    ),
]
