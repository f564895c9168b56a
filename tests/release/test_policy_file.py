"""policy.toml: what init writes means the default, every key has its comment, every mistake its answer."""

import time
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant
from tocsin.node import policy_file
from tocsin.node.config import NodeConfig, load_config
from tocsin.node.founding import default_ports, found_node
from tocsin.node.policy_file import load_policy, parse_policy, read_policy
from tocsin.node.policy_text import default_policy, policy_text
from tocsin.release import compare
from tocsin.release.compare import Difference
from tocsin.release.terms import (
    BOUNDS,
    Coarsening,
    Delaying,
    FlowTerms,
    Kind,
    PartnerTerms,
    Policy,
    UrgentTerms,
    faults,
)

KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA
TEXT = policy_text(KOR, default_policy(KOR))


@pytest.fixture
def node(tmp_path: Path) -> NodeConfig:
    found_node(tmp_path, KOR, Plane.EXERCISE, default_ports(KOR), Instant(time.time_ns()))
    return load_config(tmp_path / "node.toml")


def edit(node: NodeConfig, was: str, becomes: str) -> None:
    text = node.policy_file.read_text()
    assert was in text
    node.policy_file.write_text(text.replace(was, becomes))


def numbers(key: str) -> st.SearchStrategy[float]:
    return st.floats(*BOUNDS[key])


KINDS = st.frozensets(st.sampled_from(list(Kind)))
WAITS = st.one_of(
    st.just({"delay": Delaying.FORBID}),
    st.builds(lambda s: {"delay": Delaying.WAIT, "delay_s": s}, st.integers(1, 86_400)),
)
POLICIES = st.builds(
    lambda partners, coarsen, urgent, flow, waits: Policy(
        partners,
        UrgentTerms(coarsen[0], *urgent, **waits[0]),
        FlowTerms(coarsen[1], *flow, **waits[1]),
    ),
    st.dictionaries(st.sampled_from([USA, JPN]), st.builds(PartnerTerms, KINDS)),
    st.tuples(*[st.sampled_from(list(Coarsening))] * 2),
    st.tuples(numbers("urgent.grid_deg"), numbers("urgent.grid_apogee_m")),
    st.tuples(numbers("flow.grid_m"), numbers("flow.grid_mps"), numbers("flow.grid_ln_beta")),
    st.tuples(WAITS, WAITS),
)


@given(POLICIES)
def test_what_is_written_is_what_is_read(policy: Policy) -> None:
    assert faults(policy) == []
    assert parse_policy(tomllib.loads(policy_text(KOR, policy)), Path("policy.toml")) == (KOR, policy)


def test_every_key_has_a_comment_above_it_or_above_its_likeness() -> None:
    explained: set[str] = set()
    lines = TEXT.splitlines()
    for above, line in pairwise(lines):
        if " = " in line and not line.startswith("#"):
            key = line.split(" = ")[0]
            assert above.startswith("#") or key in explained or f"{key}:" in TEXT, f"{key} stands bare"
            explained.add(key)
    keys = {key for table in (UrgentTerms, FlowTerms, PartnerTerms) for key in table.__struct_fields__}
    assert explained == keys | {"nation"}


def test_a_new_node_has_it_and_its_door_takes_it_at_once(node: NodeConfig) -> None:
    start = time.process_time()
    assert load_policy(node) == default_policy(KOR, Plane.EXERCISE)
    assert time.process_time() - start < 1.0


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ("grid_mps = ", "grid_mpss = ", "grid_mpss"),
        ("grid_m = 10000.0", "grid_m = 3.0", "flow.grid_m: 3.0 is out of bounds"),
        ("grid_deg = 0.1", "grid_deg = nan", "urgent.grid_deg: nan is out of bounds"),
        ('coarsen = "reduce"', 'coarsen = "blur"', "coarsen"),
        ('delay = "forbid"\ndelay_s = 0', 'delay = "wait"\ndelay_s = 0', "flow.delay_s: 0 s is no delay"),
        ('delay = "forbid"\ndelay_s = 0', 'delay = "forbid"\ndelay_s = 5', 'but delay = "forbid"'),
        ('delay = "forbid"\ndelay_s = 0', 'delay = "wait"\ndelay_s = 1.5', "delay_s"),
        ('"launch", ', '"lunch", ', "kinds"),
        ("[partners.USA]", "[partners.FRA]", "partners"),
        ("[partners.USA]", "[partners.KOR]", "partners.KOR: KOR is no partner of itself"),
        ('nation = "KOR"', "", "nation"),
        ('nation = "KOR"', 'nation = "JPN"', "it is JPN's policy, the node is KOR's"),
        ("[urgent]", "[urgent", "not TOML"),
    ],
)
def test_a_mistake_names_file_and_key_and_nothing_is_released(
    node: NodeConfig, was: str, becomes: str, says: str
) -> None:
    edit(node, was, becomes)
    if "JPN" in becomes:
        edit(node, "[partners.JPN]", "[partners.KOR]") if "partners.JPN" not in becomes else None
    with pytest.raises(UserError) as caught:
        load_policy(node)
    assert says in str(caught.value)
    assert str(node.policy_file) in str(caught.value)
    assert caught.value.fix


def test_without_a_policy_there_is_no_door(node: NodeConfig) -> None:
    node.policy_file.unlink()
    with pytest.raises(UserError, match="without one nothing is released"):
        load_policy(node)


def test_what_is_not_named_is_not_given(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text('nation = "KOR"\n')
    policy = read_policy(tmp_path / "policy.toml").policy
    assert not any(policy.gives(partner, kind) for partner in Nation for kind in Kind)


def test_a_signed_law_text_that_differs_refuses_the_policy(node: NodeConfig) -> None:
    """A policy.cedar beside it is what the lawyers read: it, not our own text, has to agree."""
    law = read_policy(node.policy_file).text(Plane.EXERCISE)
    cedar = node.policy_file.with_name("policy.cedar")
    cedar.write_text(law)
    assert load_policy(node) == default_policy(KOR, Plane.EXERCISE)
    edit(node, '"launch", "prediction", "sensor", "warning", "plot"]', '"launch", "warning"]')
    with pytest.raises(UserError, match=r"differs: (prediction|sensor|plot) of KOR to") as caught:
        load_policy(node)
    assert str(cedar) in caught.value.fix


def test_a_comparison_is_remembered_only_for_what_was_compared(
    node: NodeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Policy] = []

    def counted(policy: Policy, *_: object) -> Difference | None:
        asked.append(policy)
        return None

    monkeypatch.setattr(compare, "first_difference", counted)
    edit(node, "grid_m = 10000.0", "grid_m = 20000.0")
    load_policy(node)
    start = time.process_time()
    load_policy(node)
    assert time.process_time() - start < 1.0
    assert len(asked) == 1
    edit(node, "grid_m = 20000.0", "grid_m = 20001.0")
    load_policy(node)
    assert [policy.flow.grid_m for policy in asked] == [20_000.0, 20_001.0]
    monkeypatch.setattr(policy_file, "version", lambda _: "another Cedar")
    load_policy(node)
    assert len(asked) == 3
    node.policy_file.with_name("policy.compared").unlink()
    load_policy(node)
    assert len(asked) == 4


def test_a_difference_is_not_remembered_as_agreement(
    node: NodeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(node, "grid_m = 10000.0", "grid_m = 20000.0")
    monkeypatch.setattr(compare, "first_difference", lambda *_: Difference("a case", "no", "yes"))
    for _ in range(2):
        with pytest.raises(UserError, match="a case: the rules say no, the Cedar text says yes"):
            load_policy(node)
