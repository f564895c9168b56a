"""ROOM 1, bytes -> Plot. What a decoder cannot read is a Fault, never an exception; the rest goes on."""

from tocsin.sense import asterix, jsonl
from tocsin.sense.format import FORMATS

FORMATS.update(asterix=asterix.AsterixDecoder, jsonl=jsonl.JsonlDecoder)
