from django.urls import path, re_path

from apps.dashboard.consumers import ChatConsumer, nowhere
from apps.dashboard.views import chat, files, health, overview, questions

app_name = "dashboard"
urlpatterns = [
    path("", overview.show, name="overview"),
    path("chat/", chat.list_groups, name="chats"),
    path("chat/<str:folder>/", chat.show, name="chat"),
    path("chat/<str:folder>/messages/", chat.messages, name="messages"),
    path("chat/<str:folder>/stop/", chat.stop, name="stop"),
    path("chat/<str:folder>/files/<int:number>/", files.show, name="file"),
    path("chat/<str:folder>/press/", questions.press, name="press"),
    path("questions/", questions.waiting, name="questions"),
    path("questions/<int:number>/", questions.decide, name="decide"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
websocket_urlpatterns = [
    path("ws/chat/<str:folder>/", ChatConsumer.as_asgi()),
    re_path(r"", nowhere),  # type: ignore[arg-type]  # an ASGI application, as all of these
]
