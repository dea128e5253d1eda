from django.urls import path

from apps.platforms.reception import webhook

urlpatterns = [path("<slug:platform>/<int:channel_id>/", webhook, name="webhook")]
