"""Release keys of the simulated nations: real Ed25519, made from names, and what each nation trusts."""

from hashlib import sha256

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey

from tocsin.model.label import Nation, Plane
from tocsin.share.trust import TrustedKey, TrustList, trust_list

PLANE = Plane.EXERCISE


class SimKey:
    """A Signer (release.seal) of the simulation; nobody else's and the same in every run."""

    def __init__(self, nation: Nation, number: int, plane: Plane = PLANE) -> None:
        self.nation, self.plane = nation, plane
        self.key_id = f"{nation}-{plane}-{number}"
        self._key = SigningKey(sha256(f"simulation only {self.key_id}".encode()).digest())
        self.public = bytes(self._key.verify_key)

    def sign(self, data: bytes) -> bytes:
        """64-byte signature."""
        return bytes(self._key.sign(data).signature)

    def verifies(self, data: bytes, signature: bytes) -> bool:
        """True when `signature` is this key's over `data`."""
        try:
            self._key.verify_key.verify(data, signature)
        except (BadSignatureError, ValueError):
            return False
        return True

    def called(self, key_id: str) -> "SimKey":
        """The same secret under another's name: a liar's."""
        twin = SimKey(self.nation, 0, self.plane)
        twin._key, twin.public, twin.key_id = self._key, self.public, key_id
        return twin

    @property
    def trusted(self) -> TrustedKey:
        """Its entry in partners' trust lists."""
        return TrustedKey(self.nation, self.plane, self.key_id, self.public)


class Keys:
    """Whose key is which now: current, next (trusted before it is used), and those that were stolen."""

    def __init__(self) -> None:
        self._current = dict.fromkeys(Nation, 1)
        self._revoked: set[str] = set()

    def signer(self, nation: Nation) -> SimKey:
        """The key that a nation signs with now."""
        return SimKey(nation, self._current[nation])

    def former(self, nation: Nation) -> tuple[SimKey, ...]:
        """Keys that it signed with before."""
        return tuple(SimKey(nation, number) for number in range(1, self._current[nation]))

    def rotate(self, nation: Nation) -> None:
        """The next key is the current one from now on."""
        self._current[nation] += 1

    def steal(self, nation: Nation) -> SimKey:
        """The current key is in a stranger's hands and revoked at the partners; returned for the stranger."""
        stolen = self.signer(nation)
        self._revoked.add(stolen.key_id)
        self.rotate(nation)
        return stolen

    def trust(self, me: Nation) -> TrustList:
        """What `me` believes: partners' keys up to the next one, without the revoked."""
        keys = [
            SimKey(nation, number).trusted
            for nation in Nation
            if nation is not me
            for number in range(1, self._current[nation] + 2)
        ]
        return trust_list(key for key in keys if key.key_id not in self._revoked)
