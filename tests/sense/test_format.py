from datetime import date

import pytest
from asterix_blocks import block, radar_record, sensor

from tocsin.errors import UserError
from tocsin.model.label import Plane
from tocsin.model.sensor import SensorKind
from tocsin.model.time import Instant
from tocsin.model.track import LineOfSight, Measurement, RadarFix, ReportedPosition
from tocsin.sense.format import FORMATS, Registry

DATA = {"asterix": block(48, radar_record()), "jsonl": b'{"sensor":"x"}\n'}
MEASUREMENTS: dict[SensorKind, Measurement] = {
    SensorKind.RADAR: RadarFix(1.0, 0.0),
    SensorKind.INFRARED: LineOfSight((7e6, 0.0, 0.0), (1.0, 0.0, 0.0)),
    SensorKind.SURVEILLANCE: ReportedPosition(35.0, 135.0),
}


@pytest.mark.parametrize("name", ["asterix", "jsonl"])
def test_every_format_is_made_and_used_the_same_way(name: str) -> None:
    decoder = FORMATS[name]([sensor()], date(2022, 10, 4), Plane.EXERCISE)
    decoded = decoder.decode(DATA[name], Instant(0))
    assert len(decoded.plots) + len(decoded.faults) == 1


@pytest.mark.parametrize("kind", list(SensorKind))
def test_a_sensor_fits_its_own_kind_of_measurement_only(kind: SensorKind) -> None:
    registry = Registry([sensor("X", kind)])
    assert [other for other, measured in MEASUREMENTS.items() if registry.fits("X", measured)] == [kind]


def test_ids_are_unique() -> None:
    with pytest.raises(UserError, match="two sensors are called 'X'"):
        Registry([sensor("X"), sensor("X")])
