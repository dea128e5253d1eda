"""Who attends to a session hears what is published for it, and nothing of the others'."""

import queue

from apps.agents import wakeups
from apps.agents.services import RUNS
from apps.events.pubsub import audience, publish
from tests.waiting import until

WAKE = ("wake", None)


def published(session: int) -> None:
    until(lambda: audience(RUNS))
    assert publish(RUNS, session=session)


def test_a_publication_reaches_the_inbox_of_its_session():
    mine: wakeups.Inbox = queue.Queue()
    other: wakeups.Inbox = queue.Queue()
    wakeups.attend(1001, mine)
    wakeups.attend(1002, other)

    published(1001)

    assert mine.get(timeout=30) == WAKE
    assert other.empty()
    wakeups.leave(1001, mine)
    wakeups.leave(1002, other)


def test_who_left_late_does_not_take_the_place_of_its_successor():
    lost: wakeups.Inbox = queue.Queue()
    successor: wakeups.Inbox = queue.Queue()
    wakeups.attend(1001, lost)
    wakeups.attend(1001, successor)
    wakeups.leave(1001, lost)

    published(1001)

    assert successor.get(timeout=30) == WAKE
    assert lost.empty()
    wakeups.leave(1001, successor)
    assert 1001 not in wakeups._inboxes


def test_a_bell_rings_for_its_own_session_and_is_gone_afterwards():
    inbox: wakeups.Inbox = queue.Queue()
    wakeups.attend(1001, inbox)
    with wakeups.bell(1001) as mine, wakeups.bell(1002) as other:
        published(1001)
        assert mine.wait(30)
        assert not other.is_set()
    assert not {1001, 1002} & set(wakeups._bells)
    wakeups.leave(1001, inbox)


def test_an_inbox_that_is_full_holds_nobody_up():
    full: wakeups.Inbox = queue.Queue(1)
    other: wakeups.Inbox = queue.Queue()
    full.put(WAKE)
    wakeups.attend(1001, full)
    wakeups.attend(1002, other)

    published(1001)
    published(1002)

    assert other.get(timeout=30) == WAKE
    assert full.qsize() == 1
    wakeups.leave(1001, full)
    wakeups.leave(1002, other)
