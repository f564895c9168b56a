"""The world waits for a product that is late, and only for that."""

from tocsin.demo.lag import IMPATIENCE_S, LAG_S, PATIENCE_S, ExchangeLag
from tocsin.model.time import Instant
from tocsin.node.worldlink import Tock


def tock(offered: int, decided: int = 0, released: int = 0, received: int = 0) -> Tock:
    return Tock(Instant(0), 1, (), offered, decided, released, received)


def test_nothing_offered_is_nothing_late() -> None:
    lag = ExchangeLag(2)
    lag.note([tock(0)] * 3, 0.0)
    assert not lag.behind(10.0)


def test_a_fresh_offer_is_not_late_yet_and_an_old_one_is() -> None:
    lag = ExchangeLag(2)
    lag.note([tock(1), tock(0), tock(0)], 1.0)
    assert not lag.behind(1.0 + LAG_S / 2)
    assert lag.behind(1.0 + 2 * LAG_S)


def test_it_is_settled_when_both_partners_have_it() -> None:
    lag = ExchangeLag(2)
    lag.note([tock(1), tock(0), tock(0)], 1.0)
    lag.note([tock(1, 2, 2), tock(0, received=1), tock(0)], 1.2)
    assert lag.behind(1.2)
    lag.note([tock(1, 2, 2), tock(0, received=1), tock(0, received=1)], 1.3)
    assert not lag.behind(1.3)


def test_what_was_withheld_is_waited_for_by_nobody() -> None:
    lag = ExchangeLag(2)
    lag.note([tock(1, decided=2, released=0), tock(0), tock(0)], 1.0)
    assert not lag.behind(2.0)


def test_a_wait_in_vain_makes_impatient_until_one_is_rewarded() -> None:
    lag = ExchangeLag(2)
    lag.waited(in_vain=True)
    assert lag.patience_s == IMPATIENCE_S
    lag.waited(in_vain=False)
    assert lag.patience_s == PATIENCE_S
