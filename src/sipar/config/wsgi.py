from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sipar.config.settings")
application = get_wsgi_application()

from sipar.people.production import refuse_in_production  # noqa: E402 - models load with the application

refuse_in_production()
