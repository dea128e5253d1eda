from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.openapi.docs import Swagger

from apps.api import errors
from apps.api.access import READ, caller
from apps.api.models import Scope
from apps.api.resources import groups, messages, runs, status, tasks
from apps.api.storable_parser import StorableBodies


def _for_readers(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The schema, as the rest, is for those who may read."""

    def guarded(request: HttpRequest, **arguments: object) -> HttpResponse:
        try:
            caller(request, Scope.READ)
        except errors.ApiError as error:
            return errors.sentence(error.status, str(error))
        return view(request, **arguments)

    return guarded


api = NinjaAPI(
    title="NanoGridBot",
    version=settings.VERSION,
    description='Bearer tokens: `manage.py createtoken NAME`. Every error is JSON: `{"detail": a sentence}`.',
    urls_namespace="api",
    auth=[READ],
    docs=Swagger({"validatorUrl": None}),  # the validator would be another site
    docs_url=None,
    docs_decorator=_for_readers,
    parser=StorableBodies(),
)
errors.install(api)
api.add_router("/status", status.router)
api.add_router("/groups", groups.router)
api.add_router("/groups", messages.router)
api.add_router("/runs", runs.router)
api.add_router("/tasks", tasks.router)
