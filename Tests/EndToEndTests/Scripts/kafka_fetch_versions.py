"""kafka_fetch_versions.py SERVERS: the newest fetches that real clients send, and fetch sessions."""

import logging
import re
import sys

import confluent_kafka
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

servers = sys.argv[1]
admin = KafkaAdminClient(bootstrap_servers=servers)
admin.create_topics([NewTopic("pop", 5, 1)])
admin.close()
producer = KafkaProducer(bootstrap_servers=servers, acks="all")


def produce(partition, count):
    for future in [producer.send("pop", b"value %d" % n, partition=partition) for n in range(count)]:
        future.get(20)


# kafka-python asks incrementally (KIP-227).
consumer = KafkaConsumer(
    bootstrap_servers=servers, auto_offset_reset="earliest", enable_auto_commit=False, fetch_max_wait_ms=200)
consumer.assign([TopicPartition("pop", p) for p in range(4)])
found = []


def poll(until):
    for _ in range(100):
        found.extend((r.partition, r.offset) for rs in consumer.poll(200).values() for r in rs)
        if len(found) >= until:
            return
    raise AssertionError(f"{len(found)} of {until} records")


for step in range(1, 6):
    for partition in range(4):
        produce(partition, 10)
    poll(step * 40)
(session,) = consumer._fetcher._session_handlers.values()
assert session.next_metadata.session_id > 0 and session.next_metadata.epoch > 3, session.next_metadata
first = session.next_metadata.session_id
# A partition goes, another one comes.
consumer.assign([TopicPartition("pop", p) for p in (1, 2, 3, 4)])
produce(0, 10)
produce(4, 10)
poll(210)
assert {p for p, _ in found[200:]} == {4}
assert session.next_metadata.session_id == first
assert sorted(found) == sorted([(p, o) for p in range(4) for o in range(50)] + [(4, o) for o in range(10)])
consumer.close()
producer.close()
print("sessions ok")

# librdkafka names topics by their ids.
lines = []


class Keeper(logging.Handler):
    def emit(self, record):
        lines.append(record.getMessage())


logger = logging.getLogger("librdkafka")
logger.setLevel(logging.DEBUG)
logger.addHandler(Keeper())
reader = confluent_kafka.Consumer(
    {"bootstrap.servers": servers, "group.id": "g", "auto.offset.reset": "earliest", "debug": "protocol"}, logger=logger)
reader.assign([confluent_kafka.TopicPartition("pop", p, 0) for p in range(5)])
count = 0
for _ in range(500):
    message = reader.poll(0.2)
    count += message is not None and message.error() is None
    if count == 220:
        break
assert count == 220, count
reader.close()
fetches = {int(v) for line in lines for v in re.findall(r"Sent FetchRequest \(v(\d+)", line)}
assert fetches and min(fetches) >= 13, fetches
print("ids ok", max(fetches))
