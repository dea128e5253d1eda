from celery import shared_task

from apps.schedules import services


@shared_task  # type: ignore[untyped-decorator]
def fire(task_id: int) -> None:
    services.fire(task_id)


@shared_task  # type: ignore[untyped-decorator]
def sweep() -> None:
    services.sweep()
