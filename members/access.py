"""Who may open a page at all. Which rows they see is `visible_to`; what they may do is a permission."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from members.standing import Standing

View = Callable[..., HttpResponse]


def _only(test: Callable[[Standing], bool]) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            user: Any = request.user
            # LoginRequiredMiddleware has already sent strangers to the sign-in page.
            if user.is_authenticated and not user.is_superuser and not test(user.standing):
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return decorate


#: Members, fellows, people on a break, alumni and officers; everybody else meets a 404.
members_only = _only(lambda standing: standing.reads_members_area)

#: Those who may contribute this term: active members and officers. Alumni read.
active_members_only = _only(lambda standing: standing.writes)

#: Whoever holds an office today.
officers_only = _only(lambda standing: standing.is_officer)
