"""The batches in a partition's segment files, by their headers: what was stored, whatever clients make of it."""

import collections
import glob
import struct

from adapter import CODECS

XERIAL = b"\x82SNAPPY\0"
Batch = collections.namedtuple("Batch", "offset count codec framing producer epoch sequence transactional control")


def batches(data, topic, partition=0):
    found = []
    for path in sorted(glob.glob(f"{data}/{topic}-{partition}/*.log")):
        with open(path, "rb") as file:
            content = file.read()
        at = 0
        while at + 61 <= len(content):
            offset, length = struct.unpack_from(">qi", content, at)
            if length <= 0:
                break
            attributes = struct.unpack_from(">h", content, at + 21)[0]
            producer, epoch, sequence, count = struct.unpack_from(">qhii", content, at + 43)
            codec = CODECS[attributes & 7]
            framing = ("xerial" if content[at + 61 : at + 69] == XERIAL else "raw") if codec == "snappy" else ""
            found.append(Batch(
                offset, count, codec, framing, producer, epoch, sequence, bool(attributes & 16),
                bool(attributes & 32)))
            at += 12 + length
    return found
