"""What a client of the matrix can be asked for. A client's own file says how; what it leaves out, it does not offer."""

import collections

Record = collections.namedtuple("Record", "key value time headers", defaults=(None, ()))
"""Keys and values are bytes, the time is milliseconds since 1970 or None (now), headers are (name, bytes)."""

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
SECONDS = 30
"""How long one answer may take."""

SESSION = 6000
"""Milliseconds without a heartbeat after which a member is out: Kafka's least."""


class NotOffered(Exception):
    pass


class Refused(Exception):
    """The broker's no, with Kafka's name of the error."""


def not_offered(self, *arguments, **named):
    raise NotOffered()


class Adapter:
    version = ""

    producer = not_offered
    """producer(topic, codec="none", acks="all", idempotent=False, transaction=None): an object with send(record),
    flush() and close(), which raises when a record was refused; with a transaction also begin(), commit(), abort() and
    send_offset(group, topic, offset) of partition 0."""

    fetch = not_offered
    """fetch({topic: count}, isolation): by topic, the (offset, Record) of partition 0, and what comes beyond count."""

    offset_for_time = not_offered
    """offset_for_time(topic, time): of partition 0; -1 when no record is that young."""

    ends = not_offered
    """ends(topic): the first offset and the one after the last, of partition 0."""

    consume = not_offered
    """consume(group, topic, count): so many values as a group's only member, which commits and leaves."""

    committed = not_offered
    """committed(group, topic): of partition 0, None or negative without one."""

    member = not_offered
    """member(group, topic, assignor, stop, limit, seen, owns, instance=None): consumes until stop is set, or at least
    limit records, then leaves the group, without a word when it has an instance id. seen(partition, offset, value) for
    each record, which sets stop beyond the limit; owns(partitions) with what it has, after each change and before
    giving any up. Assignors: range, cooperative-sticky."""

    metadata = not_offered
    """metadata(): the ids of the brokers, and by topic the number of partitions."""

    create_topic = not_offered
    """create_topic(topic, partitions, settings)"""
    create_partitions = not_offered
    """create_partitions(topic, count)"""
    delete_topic = not_offered
    settings = not_offered
    """settings(topic): by name."""
    alter = not_offered
    """alter(topic, name, value)"""
    delete_records = not_offered
    """delete_records(topic, offset): of partition 0; its first offset afterwards."""
    groups = not_offered
    """groups(): names."""
    group_state = not_offered
    group_offsets = not_offered
    """group_offsets(group): by (topic, partition)."""
    delete_group_offset = not_offered
    """delete_group_offset(group, topic): of partition 0."""
    delete_group = not_offered
