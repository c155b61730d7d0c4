"""How long somebody else's word about a credential counts (security.md B 11)."""

from __future__ import annotations

import asyncio

import pytest

from submarine_ext.identity.decisions import MOST, Decisions
from submarine_ext.testing.session import scenario


class Asked:
    """Answers what it is told to, and counts; ``now`` is the clock."""

    def __init__(self, longest: float = 45.0) -> None:
        self.now = 100.0
        self.times: list[float] = []
        self.answer: object = "alice"
        self.gate = asyncio.Event()
        self.gate.set()
        self.decisions = Decisions(longest, lambda: self.now)

    async def ask(self, asked: float) -> object:
        self.times.append(asked)
        await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def of(self, key: str = "token", *, fresh: bool = False) -> object:
        return await self.decisions.of(key, self.ask, fresh=fresh)


@scenario
async def test_a_word_counts_until_it_is_too_old():
    asked = Asked()
    assert await asked.of() == "alice"
    asked.answer, asked.now = None, 144.9
    assert await asked.of() == "alice"
    asked.now = 145.0
    assert await asked.of() is None
    assert asked.times == [100.0, 145.0]


@scenario
async def test_its_age_counts_from_the_question():
    """The mutant counts from the answer, which may come late."""
    asked = Asked()
    asked.gate.clear()
    waiting = asyncio.create_task(asked.of())
    await asyncio.sleep(0)
    asked.now = 130.0
    asked.gate.set()
    await waiting
    asked.now = 145.0
    await asked.of()
    assert asked.times == [100.0, 145.0]


@scenario
async def test_an_old_word_is_not_used_while_nobody_answers():
    asked = Asked()
    await asked.of()
    asked.now, asked.answer = 146.0, OSError("the Hub is away")
    for _ in range(2):
        with pytest.raises(OSError, match="away"):
            await asked.of()
    asked.answer = "alice"
    assert await asked.of() == "alice"


@scenario
async def test_many_who_come_at_once_are_one_question():
    asked = Asked()
    asked.gate.clear()
    waiting = [asyncio.create_task(asked.of()) for _ in range(50)]
    await asyncio.sleep(0)
    asked.gate.set()
    assert await asyncio.gather(*waiting) == ["alice"] * 50
    assert len(asked.times) == 1


@scenario
async def test_one_who_goes_away_takes_nobody_elses_answer_along():
    asked = Asked()
    asked.gate.clear()
    first, second = (asyncio.create_task(asked.of()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    asked.gate.set()
    assert await second == "alice"


@scenario
async def test_a_fresh_word_is_asked_for_now():
    asked = Asked()
    await asked.of()
    asked.answer = None
    assert await asked.of(fresh=True) is None
    assert await asked.of() is None


@scenario
async def test_made_up_credentials_do_not_fill_the_memory():
    asked = Asked()
    for number in range(MOST + 10):
        await asked.of(f"made-up {number}")
    assert len(asked.decisions._known) == MOST
