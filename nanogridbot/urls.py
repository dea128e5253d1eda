from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/", include("apps.api.urls")),
    path("hooks/", include("apps.platforms.urls")),
    path("", include("apps.dashboard.urls")),
]
