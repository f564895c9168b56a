"""Normal equations that leave a direction open give a covariance all the same, and a wide one."""

import numpy as np
import pytest

from tocsin.track.batch import covariance_of

OPEN = (
    # From `tools/fuzz.py --only hall-products --seed 1`: radar looks with angles that say nothing. A Cholesky
    # factor exists to the last digit, an inverse does not.
    [
        [419474.8192991543, 486373.07572791545, 83408.19195491076],
        [486373.0757279154, 563940.3318374812, 96710.21237888187],
        [83408.19195491074, 96710.21237888187, 16584.849981222607],
    ],
    [
        [262572.9517535177, 217649.76314879826, -382413.67273744644],
        [217649.76314879826, 180423.24844768847, -317016.1985263548],
        [-382413.67273744644, -317016.19852635474, 557028.799798794],
    ],
)


@pytest.mark.parametrize("matrix", OPEN)
def test_a_direction_that_is_open_to_the_last_digit_is_wide_and_no_end(matrix: list[list[float]]) -> None:
    normal = np.array(matrix)
    found = covariance_of(normal)
    assert np.isfinite(found).all()
    sigma_m = np.sqrt(np.linalg.eigvalsh(found))
    assert sigma_m[-1] > 1e3
    sharp = np.linalg.eigh(normal)[1][:, -1]
    assert sharp @ found @ sharp == pytest.approx(1.0 / np.linalg.eigvalsh(normal)[-1], rel=0.05)


def test_equations_that_leave_nothing_open_are_inverted_as_they_are() -> None:
    chance = np.random.default_rng(3)
    rows = chance.standard_normal((40, 12)) * 10.0 ** chance.uniform(-4, 4, 12)
    assert covariance_of(rows.T @ rows) @ (rows.T @ rows) == pytest.approx(np.eye(12), abs=1e-6)
