from django.urls import path

from apps.platforms.inbound.webhook_view import webhook

urlpatterns = [path("<slug:platform>/<int:channel_id>/", webhook, name="webhook")]
