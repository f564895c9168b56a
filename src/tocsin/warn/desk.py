"""The working copies of one step of the warning fold, and the two ways in which a message moves on the
table.
"""

from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from tocsin.model.time import Instant
from tocsin.model.warning import Draft, MsgType, OfficerAct, Purpose, Warning, WarnStatus
from tocsin.warn.approve import digest_of
from tocsin.warn.state import Ended, Prepared, Released, Story, WarnEffect, WarnState
from tocsin.warn.table import NEXT, OVER, Event
from tocsin.warn.threat import Threat

_REPLACES: Final = {
    Purpose.WARN: Event.SUPERSEDE,
    Purpose.CORRECT: Event.SUPERSEDE,
    Purpose.DOWNGRADE: Event.WEAKEN,
    Purpose.WITHDRAW: Event.REVOKE,
    Purpose.LIFT: Event.CLEAR,
    Purpose.ALL_CLEAR: Event.CLEAR,
}
"""What a released message does to the one in force."""


@dataclass(slots=True)
class Desk:
    """Working copies of one step; `before` is never changed."""

    before: WarnState
    now: Instant
    threats: dict[str, Threat]
    stories: dict[str, Story]
    drafts: dict[str, Draft]
    proposals: dict[str, OfficerAct]
    numbered: int
    effects: list[WarnEffect] = field(default_factory=list)

    @classmethod
    def open(cls, state: WarnState, threats: dict[str, Threat], now: Instant) -> "Desk":
        """Copies of a state's tables."""
        return cls(
            state,
            now,
            threats,
            dict(state.stories),
            dict(state.drafts),
            dict(state.proposals),
            state.numbered,
        )

    def close(self) -> WarnState:
        """The state after the step."""
        return replace(
            self.before,
            threats=self.threats,
            stories=self.stories,
            drafts=self.drafts,
            proposals=self.proposals,
            numbered=self.numbered,
        )

    def end(self, draft: Draft | None, event: Event, why: str) -> None:
        """Bring a message to its end, where the table lets it. What only lay ready is put away."""
        following = NEXT.get((draft.status, event)) if draft else None
        if draft is not None and draft.status is WarnStatus.PREPARED and following in OVER:
            del self.drafts[draft.id]
        elif draft is not None and following in OVER:
            over = replace(draft, status=following, ended_by=why, deadline_ns=None)
            self.drafts[draft.id] = over
            self.effects.append(Ended(over))

    def decide(self, message: Warning) -> Story | None:
        """This text was decided on: it is what the next one is compared with."""
        story = self.stories.get(message.id)
        if story is not None:
            story = self.stories[story.id] = replace(story, open=None, shown=message, changed_ns=self.now)
        return story

    def release(self, draft: Draft, event: Event, by_policy: str | None = None) -> None:
        """Out it goes, and what it replaces is over. The table has let it: APPROVE or POLICY."""
        message = draft.warning
        for old in tuple(self.drafts.values()):
            if old.warning.id == message.id and old.status is WarnStatus.RELEASED:
                self.end(old, _REPLACES[message.purpose], str(message.purpose))
        story = self.stories.get(message.id)
        awaited = {outlet for d in self.drafts.values() if d.warning.id == message.id for outlet in d.carried}
        out = replace(
            draft,
            status=NEXT[draft.status, event],
            released_ns=self.now,
            by_policy=by_policy,
            deadline_ns=None,
            outcome=None,
            awaited=tuple(sorted(awaited)),
        )
        self.drafts[out.id] = out
        self.effects.append(Released(out))
        if story is not None:
            self._told(story, out)

    def _told(self, story: Story, out: Draft) -> None:
        """What the story remembers of its newest message; whatever else was open or ready is out of date."""
        message = out.warning
        lifted = message.msg_type is MsgType.CANCEL
        for name in (*story.prepared, story.open):
            if name is not None and name != out.id:
                self.end(self.drafts.get(name), Event.GONE, "another message was released")
        self.stories[story.id] = replace(
            story,
            open=None,
            prepared=(),
            shown=message,
            in_force=None if lifted else message,
            released=(*story.released, (message.serial, message.sent_ns)),
            warned=story.warned if lifted else message.areas,
            taken_out=_taken_out(story, message),
            lifted=lifted,
            changed_ns=self.now,
        )

    def prepare(self, story: Story, message: Warning) -> Story:
        """Lay a message ready beside the one in force."""
        opened = story.opened + 1
        made = Draft(
            id=f"{story.id}-d{opened}",
            warning=message,
            digest=digest_of(message),
            status=NEXT[None, Event.PREPARE],
            drafted_ns=self.now,
            tracks=(),
        )
        self.drafts[made.id] = made
        self.effects.append(Prepared(made))
        story = replace(story, opened=opened, prepared=(*story.prepared, made.id))
        self.stories[story.id] = story
        return story


def _taken_out(story: Story, message: Warning) -> tuple[str, ...]:
    if message.purpose is not Purpose.CORRECT:
        return story.taken_out
    kept = {row.area for row in message.areas}
    return tuple(sorted({*story.taken_out, *(row.area for row in story.warned if row.area not in kept)}))
