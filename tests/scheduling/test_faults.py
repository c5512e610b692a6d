"""What is new, what lasts, what is mended and what is to be told, whatever comes in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from feedmaker.faults import PAUSE, Batch, End, Look, batches, claimed, next_try, settled, told
from feedmaker.store import Fault

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WAYS = ("mail", "https://hook.example.org/")


def look(*causes: str, scope: str = "letter", whole: bool = True, unsure: tuple[str, ...] = ()) -> Look:
    """Make what a run saw; each cause says itself."""
    return Look(scope, {cause: f"{cause}!" for cause in causes}, whole, unsure)


def after(faults: list[Fault], *looks: Look, ended: dict[str, End] | None = None) -> list[Fault]:
    """Return the faults after some looks."""
    return settled(faults, looks, ended or {}, WAYS, NOW)


def all_told(faults: list[Fault]) -> list[Fault]:
    """Return the faults once all has been told that is to be told."""
    for batch in batches(faults, WAYS, NOW):
        faults = told(faults, batch, WAYS, NOW)
    return faults


def causes(faults: list[Fault], *, mended: bool = False) -> list[str]:
    """Name the faults that last, or those that are mended."""
    return [fault.cause for fault in faults if (fault.mended_at is not None) == mended]


def test_whole_run_mends_what_it_does_not_meet() -> None:
    """A cause that a whole run does not meet any more is mended; another run says nothing of it."""
    faults = all_told(after([], look("a", "b"), look("c", scope="publish")))

    faults = after(faults, look("b"))

    assert (causes(faults), causes(faults, mended=True)) == (["b", "c"], ["a"])


def test_run_that_was_cut_short_mends_nothing() -> None:
    """A run that ended early for another reason has not shown that the first one is gone."""
    faults = all_told(after([], look("a")))

    faults = after(faults, look("b", whole=False))

    assert (causes(faults), causes(faults, mended=True)) == (["a", "b"], [])


def test_cause_that_is_unsure_stays() -> None:
    """A note that is just being written is not mended because a build left it out."""
    faults = all_told(after([], look("episodes/a.md")))

    assert causes(after(faults, look(unsure=("episodes/a.md",)))) == ["episodes/a.md"]


def test_what_was_mended_untold_is_forgotten() -> None:
    """Nobody hears of what came and went before it could be told."""
    assert after(after([], look("a")), look()) == []


def test_text_follows_and_the_beginning_stays() -> None:
    """A fault that lasts says what its cause says now, and since when it lasts."""
    begun = after([], look("a"))
    later = settled(begun, [Look("letter", {"a": "worse"})], {}, WAYS, NOW + MINUTE)

    assert [(fault.text, fault.since) for fault in later] == [("worse", NOW)]


def test_fault_of_a_job_that_is_no_more_is_forgotten_once_told() -> None:
    """What nothing will mend is told once, and then it is over without another word."""
    begun = after([], look("a"), ended={"letter": "gone"})

    assert causes(begun) == ["a"]
    assert after(all_told(begun), ended={"letter": "gone"}) == []
    assert settled(begun, [], {"letter": "gone"}, [], NOW) == []


def test_fault_of_an_issue_that_was_sent_is_mended() -> None:
    """What was mended elsewhere is told as mended."""
    faults = after(all_told(after([], look("a"))), ended={"letter": "mended"})

    assert [batch.kind for batch in batches(faults, WAYS, NOW)] == ["mended", "mended"]


def test_way_that_failed_rests() -> None:
    """After an attempt a way rests for some minutes, also for what is new meanwhile."""
    faults = after([], look("a"))
    taken = batches(faults, ["mail"], NOW)
    faults = settled(claimed(faults, taken, NOW), [look("a", "b")], {}, ["mail"], NOW + MINUTE)

    assert batches(faults, ["mail"], NOW + PAUSE - MINUTE) == []
    assert next_try(faults, ["mail"], NOW + MINUTE) == NOW + PAUSE
    assert [causes(list(batch.faults)) for batch in batches(faults, ["mail"], NOW + PAUSE)] == [["a", "b"]]


def test_attempt_in_the_future_does_not_hold_up() -> None:
    """Where the clock was set back, an attempt of later than now counts for nothing."""
    faults = [replace(fault, tried_at=NOW + 9 * PAUSE) for fault in after([], look("a"))]

    assert len(batches(faults, ["mail"], NOW)) == 1


def test_all_that_is_new_is_one_notice_for_each_way() -> None:
    """Five hundred broken notes are one notice."""
    faults = after([], look(*(f"episodes/{number}.md" for number in range(500))))

    assert [(batch.way, len(batch.faults)) for batch in batches(faults, WAYS, NOW)] == [
        (way, 500) for way in WAYS
    ]


def test_fault_that_was_mended_while_it_was_told_is_told_as_mended() -> None:
    """The publisher who is being told of a fault also hears of its end, whoever saw that meanwhile."""
    faults = after([], look("a"))
    (batch,) = batches(faults, ["mail"], NOW)

    faults = told([], batch, ["mail"], NOW)

    assert [each.kind for each in batches(faults, ["mail"], NOW)] == ["mended"]
    assert told(faults, batches(faults, ["mail"], NOW)[0], ["mail"], NOW) == []


def test_fault_that_returns_before_its_end_was_told_is_no_news() -> None:
    """The publisher who knows of a fault hears nothing when it was gone for a moment that nobody told of."""
    faults = after(all_told(after([], look("a"))), look())

    assert batches(after(faults, look("a")), WAYS, NOW) == []


Step = tuple[timedelta, frozenset[str] | None, frozenset[str]]
STEPS = st.lists(
    st.tuples(
        st.timedeltas(timedelta(0), timedelta(minutes=9)),
        st.none() | st.frozensets(st.sampled_from("abc")),
        st.frozensets(st.sampled_from(WAYS)),
    ),
    max_size=25,
)


def play(steps: list[Step]) -> Iterator[tuple[datetime, set[str], Batch | None]]:
    """Tick along: at each step a run meets causes, or nothing runs, and some ways are out of order.

    Yield the time, the causes that are there, and each batch that was told; None for a tick without one.
    """
    now, there, faults = NOW, set[str](), list[Fault]()
    for passed, met, broken in steps:
        now += passed
        there = there if met is None else set(met)
        looks = [] if met is None else [look(*met)]
        faults = settled(faults, looks, {}, WAYS, now)
        taken = batches(faults, WAYS, now)
        faults = claimed(faults, taken, now)
        yield now, there, None
        for batch in taken:
            if batch.way not in broken:
                faults = told(faults, batch, WAYS, now)
                yield now, there, batch


@given(STEPS)
def test_each_way_hears_in_turn_of_beginning_and_end(steps: list[Step]) -> None:
    """Nobody is told twice that something fails, or that it is mended, without the other in between."""
    heard: Counter[tuple[str, str]] = Counter()
    for _, there, batch in play(steps):
        for fault in batch.faults if batch else ():
            assert batch is not None
            place = batch.way, fault.cause
            heard[place] += 1 if batch.kind == "fault" else -1
            assert heard[place] == (batch.kind == "fault")
            assert (fault.cause in there) == (batch.kind == "fault")


@given(STEPS)
def test_everybody_knows_in_the_end(steps: list[Step]) -> None:
    """Once all ways work, each has heard of exactly what fails, and there is nothing left to tell."""
    end: list[Step] = [(PAUSE, None, frozenset()), (PAUSE, None, frozenset()), (PAUSE, None, frozenset())]
    heard: dict[str, set[str]] = {way: set() for way in WAYS}
    ticks = list(play(steps + end))
    for _, _, batch in ticks:
        if batch is not None:
            names = {fault.cause for fault in batch.faults}
            heard[batch.way] = heard[batch.way] | names if batch.kind == "fault" else heard[batch.way] - names

    _, there, _ = ticks[-1]
    assert all(known == there for known in heard.values())


@given(STEPS)
def test_way_out_of_order_is_not_tried_all_the_time(steps: list[Step]) -> None:
    """However often a tick comes, a way that fails is tried once in some minutes."""
    now, faults, tried = NOW, list[Fault](), list[datetime]()
    for passed, met, _ in steps:
        now += passed
        faults = settled(faults, [] if met is None else [look(*met, whole=False)], {}, ["mail"], now)
        taken = batches(faults, ["mail"], now)
        faults = claimed(faults, taken, now)
        tried += [now] * len(taken)

    assert all(later - earlier >= PAUSE for earlier, later in pairwise(tried))
