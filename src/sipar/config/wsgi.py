from __future__ import annotations

import gc
import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sipar.config.settings")
application = get_wsgi_application()

from sipar.people.production import refuse_in_production  # noqa: E402 - models load with the application

refuse_in_production()

# A thread that comes back from the database waits this long for one that computes; a page comes back a dozen times.
sys.setswitchinterval(0.0005)
# What the application has loaded stays for good: the collector need not walk it again.
gc.collect()
gc.freeze()
