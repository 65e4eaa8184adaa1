from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "sipar.people"
    label = "people"

    def ready(self) -> None:
        from allauth.mfa.signals import authenticator_added
        from django.core import checks

        from sipar.people import production, sign_in

        authenticator_added.connect(sign_in.remember_new_second_factor)
        checks.register(production.check_settings, checks.Tags.security)
        checks.register(production.check_accounts, checks.Tags.database)
