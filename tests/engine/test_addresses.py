"""Which address is asked next, and which ones rest."""

from __future__ import annotations

from bot.engine.addresses import Address, Addresses


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_an_address_rests_after_five_failures_in_a_row_and_then_takes_one_trial():
    clock = Clock()
    address = Address("http://a", 10.0, clock)
    for _ in range(4):
        address.failed("500")
    assert address.may_be_asked

    address.failed("500")
    assert not address.may_be_asked

    clock.seconds = 10.0
    assert address.may_be_asked
    with address.in_use():
        assert not address.may_be_asked

    address.failed("500")
    assert not address.may_be_asked


def test_a_success_forgets_the_failures_before_it():
    address = Address("http://a", 10.0)
    for _ in range(4):
        address.failed("500")
    address.succeeded()
    address.failed("500")

    assert address.may_be_asked


def test_an_address_that_rested_is_tried_only_when_no_trusted_one_is_left():
    clock = Clock()
    rested, trusted = Address("http://a", 10.0, clock), Address("http://b", 10.0, clock)
    rested.rest("gone")
    clock.seconds = 11.0
    addresses = Addresses([rested, trusted])

    with trusted.in_use():
        assert addresses.pick() is trusted
        assert addresses.pick({trusted}) is rested
