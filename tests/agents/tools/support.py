from apps.agents import authorization
from apps.agents.models import Run


def again(run: Run, *, counts: bool = True) -> Run:
    """The run after its attempt was broken off, in the hands of the next worker."""
    assert run.requeue("broken off", 0, counts=counts)
    second = begun(Run.objects.get(pk=run.pk))
    authorization.took(second, run.callers)
    return second


def begun(run: Run) -> Run:
    assert run.claim("worker")
    return run
