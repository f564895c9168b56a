"""What the command API may do with a hall: see the drafts, prove a credential, hand in an act and hear its
end.

An act is answered when the step that judged it stands in the record.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from tocsin.model.time import Instant
from tocsin.model.warning import Draft, Officer, OfficerAct, PartnerWarning, WarnStatus
from tocsin.node.config import NodeConfig
from tocsin.node.hall_words import ActRefused, HallEffect, HallState
from tocsin.node.pending import Pending
from tocsin.node.secrets import proves, read_secrets

Answer = tuple[str, str | None]
"""(status of the draft now, why the act was refused or null)."""


class DeskPort:
    """The hall's side of officers' acts. `state` gives what was last committed."""

    def __init__(
        self,
        config: NodeConfig,
        pending: Pending,
        wake: Callable[[], None],
        state: Callable[[], HallState | None],
        now: Callable[[], Instant],
    ) -> None:
        self._config, self._pending, self._wake, self._state = config, pending, wake, state
        self.now = now
        self._waiting: list[tuple[OfficerAct, asyncio.Future[Answer]]] = []

    def drafts(self) -> tuple[Draft, ...]:
        """Every message of the desk, in order of making."""
        state = self._state()
        return tuple(state.warn.drafts.values()) if state else ()

    def partners(self) -> tuple[PartnerWarning, ...]:
        """What partners told their people."""
        state = self._state()
        return tuple(state.warnings.values()) if state else ()

    async def prove(self, credential: str, passphrase: str) -> Officer | None:
        """The officer whose credential this proves, or None. The hashing runs beside the hall's turns."""
        secrets = read_secrets(self._config.secrets_file)
        good = await asyncio.to_thread(proves, secrets, credential, passphrase)
        known = [row for row in self._config.officers if row.credential == credential]
        if not good or not known:
            return None
        return Officer(known[0].name, known[0].credential, known[0].roles)

    async def submit(self, act: OfficerAct) -> Answer:
        """Hand in one act; returns when its step is committed."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((act, future))
        self._pending.put_act(act)
        self._wake()
        return await future

    def committed(self, acts: Sequence[OfficerAct], effects: Sequence[HallEffect]) -> None:
        """A step with these acts is in the record: answer those who wait for them. Of equal acts in one step
        the later ones are the refused.
        """
        refused = [effect for effect in effects if isinstance(effect, ActRefused)]
        left = Counter(acts)
        still: list[tuple[OfficerAct, asyncio.Future[Answer]]] = []
        for act, future in self._waiting:
            if not left[act]:
                still.append((act, future))
                continue
            reasons = [effect.reason for effect in refused if effect.act == act]
            done = left[act] > len(reasons)
            left[act] -= 1
            if not future.done():
                future.set_result((self._status(act), None if done else reasons[0]))
        self._waiting = still

    def _status(self, act: OfficerAct) -> str:
        found = [draft for draft in self.drafts() if draft.id == act.draft_id]
        return str(found[0].status if found else WarnStatus.ENDED)
