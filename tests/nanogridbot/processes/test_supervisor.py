"""How `up` keeps its children alive; what it does with real ones is in test_up."""

from nanogridbot.processes.supervisor import pause_after


def test_pauses_grow_to_half_a_minute_and_never_end():
    assert 0.4 <= pause_after(0) <= 0.6
    assert 3.2 <= pause_after(3) <= 4.8
    assert 24 <= pause_after(10_000) <= 36  # a child that dies all day long
