"""Two objects that turn out to be one: which message goes on, and what becomes of the other."""

from collections.abc import Mapping

from msgspec.structs import replace

from tocsin.model.warning import WarnStatus
from tocsin.warn.state import Story, WarnState
from tocsin.warn.threat import AFLOAT, Threat, Threats


def foremost(state: WarnState) -> list[str]:
    """Keys of threats, those first of which most is known outside: people were told, then an officer has
    proposed it.
    """

    def rank(story: Story) -> tuple[bool, bool]:
        draft = state.drafts.get(story.open or "")
        return story.in_force is None, draft is None or draft.status is not WarnStatus.PROPOSED

    return [key for story in sorted(state.stories.values(), key=rank) for key in story.keys]


def twice_told(state: WarnState, found: Threats) -> Threats:
    """Threats for messages in force whose objects all turned out to be another message's: what people were
    told twice weakens and ends twice.
    """
    shared: Threats = {}
    for story in state.stories.values():
        was = [state.threats[key] for key in story.keys if key in state.threats]
        if story.in_force is None or not was or any(key in found for key in story.keys):
            continue
        members, key = {member for threat in was for member in threat.members}, was[0].key
        alike = (t for k, t in sorted(found.items()) if k.startswith(AFLOAT) is key.startswith(AFLOAT))
        heir = next((threat for threat in alike if members & set(threat.members)), None)
        if heir is not None:
            shared[key] = replace(heir, key=key)
    return shared


def why_gone(before: Mapping[str, Threat], now: Mapping[str, Threat], story: Story) -> str:
    """Why a story has no threat left."""
    was = {member for key in story.keys if key in before for member in before[key].members}
    merged = any(was & set(threat.members) for threat in now.values())
    return "it is an object of another message" if merged else "the threat is gone"
