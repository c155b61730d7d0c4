"""Tickets open one socket, once, soon, for one person."""

from __future__ import annotations

from submarine_ext.api.tickets import LIFETIME, MOST, Tickets
from submarine_ext.domain.access import Principal

ANN, BOB = Principal("ann"), Principal("bob")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_ticket_is_good_once():
    tickets = Tickets()
    ticket = tickets.give(ANN)
    assert tickets.redeem(ticket, ANN)
    assert not tickets.redeem(ticket, ANN)


def test_a_ticket_of_somebody_else_is_no_good_and_is_spent():
    tickets = Tickets()
    ticket = tickets.give(ANN)
    assert not tickets.redeem(ticket, BOB)
    assert not tickets.redeem(ticket, ANN)


def test_a_ticket_ends_after_its_lifetime():
    clock = Clock()
    tickets = Tickets(clock)
    early, late = tickets.give(ANN), tickets.give(ANN)
    clock.now += LIFETIME - 0.1
    assert tickets.redeem(early, ANN)
    clock.now += 0.1
    assert not tickets.redeem(late, ANN)


def test_a_made_up_ticket_is_no_good():
    assert not Tickets().redeem("", ANN)
    assert not Tickets().redeem("made-up", ANN)


def test_only_so_many_are_held():
    tickets = Tickets()
    first = tickets.give(ANN)
    for _ in range(MOST):
        tickets.give(BOB)
    assert len(tickets._given) == MOST
    assert not tickets.redeem(first, ANN)
