"""A run of the evaluation: repeatable, judged by the right looks, honest about what it did not see."""

import numpy as np
import pytest
from msgspec.structs import replace

from tocsin.measure import judge, trial
from tocsin.measure.evaluation import at_age, evaluated, reach_of
from tocsin.measure.trial import AGES_S, PRIOR, Plan, Trial, run
from tocsin.model.label import Nation
from tocsin.model.space import Geodetic
from tocsin.sim.scenario import Scenario
from tocsin.sim.scenario_file import load
from tocsin.sim.truth import fly_all

SEEDS = (1, 2)


def one_radar() -> Scenario:
    near = load("near")
    return replace(near, sensors=tuple(spec for spec in near.sensors if spec.nation is Nation.KOR))


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    found = [run(Plan(one_radar(), Nation.KOR), seed) for seed in SEEDS]
    return [one for one in found if one is not None]


def test_a_seed_is_a_run(trials: list[Trial]) -> None:
    again = run(Plan(one_radar(), Nation.KOR), SEEDS[0])
    assert again is not None
    assert again.sizes_m == trials[0].sizes_m
    assert again.bound_sizes_m == trials[0].bound_sizes_m
    assert trials[0].sizes_m != trials[1].sizes_m


def test_every_age_has_a_draw_and_the_bound_shrinks(trials: list[Trial]) -> None:
    for one in trials:
        assert tuple(one.samples) == AGES_S
        assert len(one.sizes_m) == len(one.bound_sizes_m) == AGES_S[-1]
        assert all(a >= b - 1e-6 for a, b in zip(one.bound_sizes_m, one.bound_sizes_m[1:], strict=False))
        assert one.samples[60].impact_error is not None
        assert one.contact_s < one.tracked_s < one.contact_s + 20.0


def test_one_radar_has_nothing_to_fuse(trials: list[Trial]) -> None:
    """Its own tracker is the centralised one: fused and central errors are the same."""
    for age in (30, 60, 120):
        figures = at_age(trials, age)
        assert figures.fused_ratio == pytest.approx(1.0, abs=1e-3)


def test_errors_are_of_the_bounds_size(trials: list[Trial]) -> None:
    """Two draws say little; ten bounds would be a mistake of frames, units or times."""
    for one in trials:
        for age in (60, 120, 240):
            sample = one.samples[age]
            assert sample.error is not None
            assert sample.bound is not None
            assert np.all(np.abs(sample.error) < 10.0 * np.sqrt(np.diag(sample.bound)))
            assert sample.squared is not None
            assert sample.squared < 60.0


def test_bound_knows_its_nations_looks_only_without_sharing() -> None:
    near = load("near")
    truth = trial.draw_truths(near, 1)[0]
    every = judge.bounds_of(frozenset(spec.id for spec in near.sensors), near, 1, truth, PRIOR)
    own = judge.bounds_of(frozenset({"KOR-R1"}), near, 1, truth, PRIOR)
    assert every is not None
    assert own is not None
    assert len(own.deliver_ns) < len(every.deliver_ns)
    assert judge.bounds_of(frozenset(), near, 1, truth, PRIOR) is None


def test_prior_of_beta_counts_once_and_looks_under_power_count() -> None:
    near, seen = load("near"), load("2022-10-04")
    coasting = judge.bounds_of(frozenset({"KOR-R1"}), near, 1, fly_all(near.flights)[0], PRIOR)
    powered = judge.bounds_of(frozenset({"KOR-R1"}), seen, 1, fly_all(seen.flights)[0], PRIOR)
    assert coasting is not None
    assert powered is not None
    for bounds, sigma_m in ((coasting, 1e7), (powered, 2e3)):
        assert bounds.information.prior[6, 6] == pytest.approx(PRIOR[1] ** -2)
        assert np.linalg.inv(bounds.information.prior)[0, 0] ** 0.5 == pytest.approx(sigma_m, rel=0.9)
    assert powered.information.prior[0, 0] > 1e3 * coasting.information.prior[0, 0]


def test_beta_is_drawn_from_the_prior() -> None:
    near = load("near")
    drawn = [float(trial.draw_truths(near, seed)[0].burnout7[6]) for seed in range(60)]
    assert np.mean(drawn) == pytest.approx(PRIOR[0], abs=4.0 * PRIOR[1] / np.sqrt(60))
    assert np.std(drawn) == pytest.approx(PRIOR[1], rel=0.35)
    same = fly_all(near.flights)[0]
    assert np.array_equal(trial.draw_truths(near, 1)[0].burnout7[:6], same.burnout7[:6])


def test_impact_error_is_a_distance_on_the_ground() -> None:
    """A hundredth of a degree of latitude and of longitude, against the ellipsoid's known arc lengths."""
    off = judge.impact_error(40.01, 141.01, Geodetic(40.0, 141.0))
    assert off == pytest.approx([853.9, 1110.4], abs=1.0)


def test_evaluation_of_few_runs_counts_the_unseen(trials: list[Trial]) -> None:
    found = evaluated(Plan(one_radar(), Nation.KOR), SEEDS[0], 3, trials)
    assert found.unseen_runs == 1
    assert found.runs == 3
    assert found.at["60"].position_ratio == found.position_ratio
    assert found.siap_by.startswith("Stone Soup")
    assert found.siap.C > 0.9
    assert found.sharing == "none: sensors of one nation"


def test_noise_of_the_truth_takes_the_bounds_away_and_is_the_same_for_all() -> None:
    plan = Plan(one_radar(), Nation.KOR, noise_m2_s3=0.01)
    one = run(plan, 1)
    assert one is not None
    found = evaluated(plan, 1, 1, [one])
    assert found.noise_m2_s3 == 0.01
    assert found.at["60"].position_ratio is None
    assert found.at["60"].coverage is None
    assert found.at["60"].anees is not None
    assert found.at["60"].fused_ratio == pytest.approx(1.0, abs=1e-3)


def test_reach_of_siap_follows_the_scenario() -> None:
    assert reach_of(load("salvo-1km")) == 5e3
    assert reach_of(load("near")) == 20e3


def test_with_single_plots_fusion_is_as_good_as_one_tracker_before_the_coast_is_known() -> None:
    """A radar and two infrared sensors of two nations, ten seconds after first contact."""
    space = load("near-space")
    both = [run(Plan(space, Nation.USA, until_s=10, plots=plots), SEEDS[0]) for plots in (True, False)]
    ratios = []
    for one in both:
        assert one is not None
        fused, central = one.samples[10].error, one.central[10].error
        assert fused is not None
        assert central is not None
        ratios.append(float(np.linalg.norm(fused - central) / np.linalg.norm(central)))
    assert ratios[0] < 0.01
    assert ratios[1] > 0.05
