from apps.agents.models import Run, RunUsage, Session


def test_a_run_s_page_shows_what_it_used(desk, group):
    run = Run.objects.create(session=Session.objects.create(group=group, key="group"), cause="message")
    RunUsage.objects.create(run=run, provider="first", model="claude-x", calls=3)

    assert "claude-x" in desk.get(f"/admin/agents/run/{run.pk}/change/").text
    assert desk.get("/admin/agents/runusage/").status_code == 200
