"""ROOM 1, bytes -> Plot. Decoders never raise on input: what they cannot read is a Fault, and the rest goes on."""

from tocsin.sense import asterix, jsonl
from tocsin.sense.format import FORMATS

FORMATS.update(asterix=asterix.AsterixDecoder, jsonl=jsonl.JsonlDecoder)
