"""Whose turn it is among people: in order of asking, each once, alerts before edits, nobody while all are refused."""

from bot.engine.personal_queue import AT_ONCE, EDITS_AT_ONCE, Queue, Work


def names(queue: Queue, now: float = 0.0) -> list[str]:
    """Everybody who may be served now; they are, from now on."""
    found = []
    while (work := queue.next(now)) is not None:
        found.append(f"{work.name} edits" if work.is_editing else work.name)
    return found


def test_everybody_comes_in_order_and_once() -> None:
    queue = Queue()
    for name in ("b", "a", "b"):
        queue.add(name)
    assert names(queue) == ["b", "a"]
    assert names(queue) == []


def test_few_are_served_at_a_time() -> None:
    queue = Queue()
    people = [f"p{n}" for n in range(AT_ONCE + 1)]
    for name in people:
        queue.add(name)
    assert names(queue) == people[:-1]
    queue.done("p3")
    assert names(queue) == people[-1:]


def test_who_asks_again_while_being_served_comes_after_that() -> None:
    queue = Queue()
    queue.add("a")
    assert names(queue) == ["a"]
    queue.add("a")
    assert names(queue) == []
    queue.done("a")
    assert names(queue) == ["a"]


def test_edits_come_after_alerts_and_leave_room_for_them() -> None:
    queue = Queue()
    for n in range(EDITS_AT_ONCE + 2):
        queue.add_news(f"e{n}")
    queue.add("a")
    assert names(queue) == ["a", *(f"e{n} edits" for n in range(EDITS_AT_ONCE))]
    while_sending = queue.is_quiet
    queue.done("a")
    assert (while_sending, queue.is_quiet) == (False, True), "an edit may be cut off"
    queue.done("e0")
    assert names(queue) == [f"e{EDITS_AT_ONCE} edits"]


def test_what_comes_later_comes_when_it_is_time() -> None:
    queue = Queue()
    queue.add_later("b", 20.0)
    queue.add_later("a", 10.0)
    assert (names(queue, 9.9), queue.next_at()) == ([], 10.0)
    assert (names(queue, 10.0), queue.next_at()) == (["a"], 20.0)
    assert (names(queue, 30.0), queue.next_at()) == (["b"], None)


def test_who_is_held_waits_for_release() -> None:
    queue = Queue()
    queue.add("a")
    assert queue.next(0.0) == Work("a", is_editing=False)
    queue.done("a")
    queue.hold("a")
    assert (names(queue), queue.is_quiet) == ([], True)
    queue.release(lambda name: name == "a")
    assert names(queue) == []
    queue.release(lambda name: name == "b")
    assert names(queue) == ["a"]


def test_a_platform_that_refuses_everybody_is_tried_ever_less_often() -> None:
    queue = Queue()
    for name in ("a", "b", "c"):
        queue.add(name)
    assert names(queue) == ["a", "b", "c"]
    told = []
    for name in ("a", "b", "c"):
        queue.done(name)
        queue.add(name)
        told.append(queue.refuse(0.0))
    assert told == [True, False, False]
    assert queue.is_quiet, "a stop waits for nobody who cannot be told"
    assert (names(queue, 299.0), queue.next_at()) == ([], 300.0)
    assert names(queue, 300.0) == ["a", "b", "c"]
    queue.done("a")
    queue.add("a")
    assert not queue.refuse(300.0), "it was told"
    assert queue.next_at() == 900.0, "twice as long"
    queue.done("b")
    queue.accept()
    assert names(queue, 301.0) == ["a"]
