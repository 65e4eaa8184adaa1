from __future__ import annotations

import gc
import os
import sys

from django.core.wsgi import get_wsgi_application

from sipar.config.turnstile import Turnstile

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sipar.config.settings")
django = get_wsgi_application()

from django.conf import settings  # noqa: E402 - read with the application

from sipar.people.production import refuse_in_production  # noqa: E402 - models load with the application

refuse_in_production()

# Two, so that one computes while the other waits for the database.
application = Turnstile(django, places=2, longest=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)

# A thread that comes back from the database waits this long for one that computes; a page comes back a dozen times.
sys.setswitchinterval(0.0005)
# What the application has loaded stays for good: the collector need not walk it again.
gc.collect()
gc.freeze()
