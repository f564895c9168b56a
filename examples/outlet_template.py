"""How to add a nation's own outlet: a class with a name and `carry`, and an entry in `node.config_outlets`.

This one appends a line to a file, as a stand-in for a national alert system's client library.

1. Write the class. It is handed a `Message` (CAP, signed, and GeoJSON) and nothing else.
2. `carry` may be called again with the same message after a failure or a restart: make it change nothing
then. 3. Raise OutletError for "not now" (it is tried again, and shown from the first failure on),
OutletRefusedError for "never in this form".
4. Add an Entry beside those of `src/tocsin/node/config_outlets.py`, and a case in `hall_outlets._outlet`.
   Retries, order, receipts, alarms and the REAL plane's authority file are done around it.

    python examples/outlet_template.py      # carries one exercise message twice
"""

import asyncio
import tempfile
from pathlib import Path

from tocsin.earth.seas import all_areas
from tocsin.model.label import Nation, Plane
from tocsin.model.time import after, from_iso
from tocsin.model.warning import Certainty, MsgType, ThreatKind, WarnedArea, Warning
from tocsin.outlet.contract import Message, OutletError, Receipt
from tocsin.outlet.press import Press


class NationalOutlet:
    """One line for each message: identifier, type and areas."""

    def __init__(self, name: str, file: Path) -> None:
        self.name = name
        self._file = file

    async def carry(self, message: Message) -> Receipt:
        """See tocsin.outlet.contract.Outlet."""
        return await asyncio.to_thread(self._append, message)

    def _append(self, message: Message) -> Receipt:
        try:
            known = self._file.read_text("utf-8") if self._file.exists() else ""
            if f"{message.name} " in known:
                return Receipt(str(self._file), repeated=True)
            areas = " ".join(row.area for row in message.warning.areas)
            with self._file.open("a", encoding="utf-8") as stream:
                print(message.name, message.warning.msg_type, areas, file=stream)
        except OSError as failure:
            raise OutletError(f"{self._file}: {failure.strerror}") from failure
        return Receipt(str(self._file))


def example() -> Warning:
    """An exercise alert for Aomori."""
    sent = from_iso("2022-10-03T22:24:30Z")
    area = WarnedArea("JP-02", ThreatKind.OVERFLIGHT, after(sent, 220))
    return Warning(
        id="JPN-EXERCISE-20221003T222430Z-1",
        serial=1,
        plane=Plane.EXERCISE,
        nation=Nation.JPN,
        msg_type=MsgType.ALERT,
        certainty=Certainty.OBSERVED,
        objects=1,
        areas=(area,),
        launched_ns=after(sent, -150),
        sent_ns=sent,
        expires_ns=after(sent, 3600),
    )


async def main() -> None:
    """Carry it, and carry it again."""
    areas = all_areas()
    press = Press(Plane.EXERCISE, {a.iso: a.polygon for a in areas}, {a.iso: a.names for a in areas})
    with tempfile.TemporaryDirectory() as folder:
        outlet = NationalOutlet("national", Path(folder) / "alerts.txt")
        for _ in range(2):
            receipt = await outlet.carry(press.message("draft-1", example()))
            print("repeated" if receipt.repeated else "carried", receipt.where)
        print((Path(folder) / "alerts.txt").read_text("utf-8"), end="")


if __name__ == "__main__":
    asyncio.run(main())
