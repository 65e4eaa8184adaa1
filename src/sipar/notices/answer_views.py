"""The answer page of a notice: whoever holds its link says what became of its findings, and sees nothing else.

Nobody has signed in here, so the view opens `acting` itself, as Sipar; looking changes nothing.
"""

from __future__ import annotations

from hashlib import sha256

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sipar.core.acting import acting
from sipar.core.gates import PUBLIC, gate
from sipar.core.jobs import system
from sipar.core.problems import Problem, not_open
from sipar.notices.answering import BY_LINK, DONE, Page, page_of, say
from sipar.notices.models import Notice
from sipar.notices.selectors import notice_behind
from sipar.ui.problems import problem_page

# From one address in an hour: wrong links, and answers.
MOST_WRONG, MOST_ANSWERS = 30, 60
HOUR = 3_600


@gate(PUBLIC)
@require_http_methods(["GET", "HEAD", "POST"])
def answer_notice(request: HttpRequest, secret: str) -> HttpResponse:
    """The findings of one notice; a POST chooses first, and says so only when it is confirmed."""
    if _count(request, "wrong") >= MOST_WRONG:
        return _private(_too_many(request))
    now, sipar = timezone.now(), system()
    try:
        with acting(sipar, reason="answer page of a notice"):
            notice = notice_behind(secret, now=now)
            if notice is None:
                _count(request, "wrong", add=1)
                return _private(problem_page(request, not_open("notice")))
            with translation.override(_language(request, notice)):
                if request.method != "POST":
                    return _private(_shown(request, notice, page_of(notice)))
                if _count(request, "answers", add=1) > MOST_ANSWERS:
                    return _private(_too_many(request))
                page = say(sipar, notice, request.POST, kinds=BY_LINK, now=now)
                if page.saying is not None and page.saying.done:
                    return _private(redirect(f"{request.path}?done={page.saying.kind}"))
                return _private(_shown(request, notice, page))
    except Problem as problem:
        return _private(problem_page(request, problem))


def _shown(request: HttpRequest, notice: Notice, page: Page) -> HttpResponse:
    done = DONE.get(request.GET.get("done", ""), "")
    template = "notices/answer_confirm.html" if page.saying is not None else "notices/answer.html"
    context = {"notice": notice, "page": page, "saying": page.saying, "done": done, "action": request.path}
    return render(request, template, context, status=page.status)


def _language(request: HttpRequest, notice: Notice) -> str:
    """The notice's language, until the reader chooses another one on this device."""
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
        return translation.get_language() or "en"
    return notice.language


def _count(request: HttpRequest, what: str, *, add: int = 0) -> int:
    """How often this network address did something in the last hour, after adding to it."""
    key = f"notices:{what}:{sha256(request.META.get('REMOTE_ADDR', '').encode()).hexdigest()}"
    cache.add(key, 0, timeout=HOUR)
    try:
        return int(cache.incr(key, add)) if add else int(cache.get(key) or 0)
    except ValueError:
        # The hour ended between the two steps.
        return add


def _too_many(request: HttpRequest) -> HttpResponse:
    problem = Problem(_("Too many attempts came from your address. Try again in an hour."), code="notice.rate")
    response = problem_page(request, problem)
    response.status_code = 429
    return response


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
