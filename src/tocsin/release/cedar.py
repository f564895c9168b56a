"""The release policy as Cedar text (cedarpolicy.com), a comment above each statement: for lawyers to read and
sign, and for the comparison with the rules that the door runs (compare.py).

principal: the nation that would receive; action: Action::"release"; resource: the product with its label;
context: the way there (`direct`, `hub`, `encrypted`), and what was done to it (`coarsened`, `waitedS`).
"""

from collections.abc import Iterator

from tocsin.model.label import Nation, Plane
from tocsin.model.product import Traffic
from tocsin.release.policy import NO_WAY
from tocsin.release.terms import Coarsening, Delaying, FlowTerms, Policy
from tocsin.release.wording import WORDINGS

REDUCE_COARSEN = "reduce.coarsen"
REDUCE_DELAY = "reduce.delay"

_PRODUCT_TRAFFIC = (Traffic.URGENT, Traffic.FLOW)


def cedar_text(policy: Policy, nation: Nation, plane: Plane) -> str:
    """The whole policy. The same policy gives the same text."""
    head = f"""\
// Release policy of {nation}, plane {plane}.
// Nothing leaves unless a `permit` says that it may; a `forbid` overrules every permit.
// principal = the nation that would receive it, resource = the product with its label,
// context = how it would go: over a link of their own (direct), by which relay (hub),
// encrypted to the recipient past a relay that may not read it (encrypted),
// blurred or not (coarsened), after how many seconds of waiting (waitedS).
"""
    statements = (*_fixed(nation, plane), *_terms(policy), *_caveats(policy))
    return "\n".join([head, *statements])


def _statement(name: str, comment: str, effect: str, condition: str, head: str = "principal") -> str:
    return f'// {comment}\n@id("{name}")\n{effect} ({head}, action, resource)\n{condition};\n'


def _fixed(nation: Nation, plane: Plane) -> Iterator[str]:
    """What no policy file can change."""
    me = f'Nation::"{nation}"'
    rows = (
        ("permit.releasable", "when { resource.releasableTo.contains(principal) }"),
        ("forbid.other-plane", f'unless {{ resource.plane == "{plane}" }}'),
        ("forbid.to-oneself", f"when {{ principal == {me} }}"),
        ("forbid.foreign-origin", f"unless {{ resource.origin == {me} }}"),
        ("forbid.no-originator", "when { resource.originators.isEmpty() }"),
        ("forbid.echo", "when { resource.originators == [principal] }"),
        (
            "forbid.onward",
            f'when {{ resource.caveats.contains("NO_ONWARD") && resource.originators != [{me}] }}',
        ),
        (
            NO_WAY,
            "unless {\n  context.direct ||\n  (context has hub &&\n"
            "   (context.encrypted ||\n    resource.releasableTo.contains(context.hub) ||\n"
            "    resource.originators == [context.hub]))\n}",
        ),
    )
    for name, condition in rows:
        comment = WORDINGS[name].says.format(issuer=nation, plane=plane)
        yield _statement(name, comment, name.split(".")[0], condition)


def _terms(policy: Policy) -> Iterator[str]:
    """Which partner may have which kinds: one statement for each partner, and one for all others."""
    named = sorted(policy.partners)
    for partner in named:
        kinds = sorted(policy.partners[partner].kinds)
        listed = ", ".join(f'"{kind}"' for kind in kinds)
        comment = f"{partner} may have of all kinds of product: {', '.join(kinds) or 'none'}."
        condition = f"unless {{ [{listed}].contains(resource.kind) }}" if kinds else "when { true }"
        yield _statement("forbid.kind", comment, "forbid", condition, f'principal == Nation::"{partner}"')
    others = " && ".join(f'principal != Nation::"{partner}"' for partner in named) or "true"
    comment = "A nation that the policy does not name may have nothing."
    yield _statement("forbid.kind", comment, "forbid", f"when {{ {others} }}")


def _caveats(policy: Policy) -> Iterator[str]:
    for traffic in _PRODUCT_TRAFFIC:
        terms = policy.of(traffic)
        has = f'resource.traffic == "{traffic}" && resource.caveats.contains'
        what = (
            "Tracklets and plots" if traffic is Traffic.FLOW else "Launches, predictions and words on sensors"
        )
        if terms.coarsen is Coarsening.FORBID:
            comment = f"{what} with the caveat COARSEN stay, even blurred."
            yield _statement("forbid.coarsen", comment, "forbid", f'when {{ {has}("COARSEN") }}')
        else:
            comment = f"{what} with the caveat COARSEN leave blurred only: {_grids(policy, traffic)}."
            condition = f'when {{ {has}("COARSEN") }}\nunless {{ context.coarsened }}'
            yield _statement(REDUCE_COARSEN, comment, "forbid", condition)
        if terms.delay is Delaying.FORBID:
            comment = f"{what} with the caveat DELAY stay, however long they would wait."
            yield _statement("forbid.delay", comment, "forbid", f'when {{ {has}("DELAY") }}')
        else:
            comment = f"{what} with the caveat DELAY leave when they have waited for {terms.delay_s} s."
            condition = f'when {{ {has}("DELAY") }}\nunless {{ context.waitedS >= {terms.delay_s} }}'
            yield _statement(REDUCE_DELAY, comment, "forbid", condition)


def _grids(policy: Policy, traffic: Traffic) -> str:
    terms = policy.of(traffic)
    if isinstance(terms, FlowTerms):
        return (
            f"places to {terms.grid_m:g} m, speeds to {terms.grid_mps:g} m/s, ln(beta) to "
            f"{terms.grid_ln_beta:g}, without identity, acceleration and range rate"
        )
    return (
        f"places to {terms.grid_deg:g} degrees, apogees to {terms.grid_apogee_m:g} m, silences to the minute"
    )
