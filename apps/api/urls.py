from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import path, re_path

from apps.api.api import api
from apps.api.errors import sentence


@staff_member_required
def docs(request: HttpRequest) -> HttpResponse:
    return api.docs.render_page(request, api)


def nothing_here(request: HttpRequest) -> HttpResponse:
    """JSON, as everything here; a slash too many at the end leads to the page without it."""
    if request.path.endswith("/"):
        asked = request.META.get("QUERY_STRING", "")
        place = request.path.rstrip("/") + (f"?{asked}" if asked else "")
        return HttpResponsePermanentRedirect(place, preserve_request=True)
    return sentence(404, "There is nothing here; /api/docs shows what there is.")


urlpatterns = [
    path("docs", docs, name="api-docs"),
    path("v1/", api.urls),
    re_path(r"", nothing_here),
]
