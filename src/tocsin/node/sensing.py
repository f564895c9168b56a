"""Which of this nation's sensors are silent, and what partners are told of it. Pure.

Silence shows at home at once; to a partner it goes as a product like any other, offered here and decided by
the door under the sensor's own label.
"""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from tocsin.model.label import Nation
from tocsin.model.sensor import Sensor, SensorWord
from tocsin.model.time import Instant, seconds_between


class SensorLog(Struct, frozen=True):
    """Plots taken from one sensor and the scenario time of its last sign of life."""

    plots: int = 0
    last_ns: Instant | None = None


class Told(Struct, frozen=True):
    """What partners were last told of one sensor; before the first word, that it speaks."""

    sequence: int = 0
    silent: bool = False


class Watch(Protocol):
    """Whose sensors these are (`hall_words.Configured`)."""

    @property
    def nation(self) -> Nation:
        """This nation."""

    @property
    def sensors(self) -> tuple[Sensor, ...]:
        """Its registry."""


def quiet_s(log: SensorLog, started_ns: Instant, now: Instant) -> float:
    """Seconds since the last sign of life; of a sensor that never gave one, since the hall began."""
    return max(0.0, seconds_between(log.last_ns if log.last_ns is not None else started_ns, now))


def is_silent(sensor: Sensor, log: SensorLog, started_ns: Instant, now: Instant) -> bool:
    """True when it has said nothing for longer than its registry entry allows."""
    return quiet_s(log, started_ns, now) > sensor.silence_limit_s


def words(
    told: dict[str, Told], watch: Watch, logs: Mapping[str, SensorLog], started_ns: Instant, now: Instant
) -> tuple[dict[str, Told], list[SensorWord]]:
    """What to tell partners now, and the bookkeeping after it: one word whenever a sensor changes."""
    new: dict[str, Told] = {}
    said: list[SensorWord] = []
    for sensor in watch.sensors:
        log, before = logs.get(sensor.id, SensorLog()), told.get(sensor.id, Told())
        silent = is_silent(sensor, log, started_ns, now)
        if silent is before.silent:
            continue
        since_ns = log.last_ns if log.last_ns is not None else started_ns
        new[sensor.id] = Told(before.sequence + 1, silent)
        said.append(SensorWord(watch.nation, sensor.id, before.sequence + 1, silent, since_ns, sensor.label))
    return ({**told, **new} if new else told), said
