"""confluent_kafka_transactions.py SERVERS write|resume: librdkafka's transactions against a broker.

`write` commits and aborts, lets one time out and leaves one open; `resume`, after the broker was killed and started
again, finds what was decided and fences what was left. What else transactions do is in client_matrix.
"""

import os
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

servers, step = sys.argv[1:]
topic = "transactions"


def producer(name, **settings):
    made = Producer({"bootstrap.servers": servers, "transactional.id": name, **settings})
    made.init_transactions(20)
    return made


def write(to, *values):
    for value in values:
        to.produce(topic, value)
    assert to.flush(20) == 0


def read(isolation, count):
    """Exactly so many values, in order."""
    consumer = Consumer({
        "bootstrap.servers": servers, "group.id": f"reader-{isolation}", "isolation.level": isolation,
        "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, 0)])
    values = []
    while len(values) < count:
        message = consumer.poll(20)
        assert message is not None and message.error() is None, (isolation, values, message and message.error())
        values.append(message.value().decode())
    more = consumer.poll(0.5)
    assert more is None, (isolation, values, more.value())
    consumer.close()
    return values


def committed():
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "worker"})
    offset = consumer.committed([TopicPartition(topic, 0)], timeout=20)[0].offset
    consumer.close()
    return offset


if step == "write":
    admin = AdminClient({"bootstrap.servers": servers})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(10)
    first = producer("a")
    for end, values in [(first.commit_transaction, ["a1", "a2"]), (first.abort_transaction, ["b1"])]:
        first.begin_transaction()
        write(first, *values)
        end(20)
    # The offsets of a member: they count for its generation only.
    worker = Consumer({"bootstrap.servers": servers, "group.id": "worker", "auto.offset.reset": "earliest",
                       "isolation.level": "read_committed", "enable.auto.commit": False})
    worker.subscribe([topic])
    while worker.poll(20).value() != b"a2":
        pass
    for end, value in [(first.abort_transaction, "c1"), (first.commit_transaction, "d1")]:
        assert committed() < 0
        first.begin_transaction()
        write(first, value)
        first.send_offsets_to_transaction(
            [TopicPartition(topic, 0, 2)], worker.consumer_group_metadata(), 20)
        end(20)
    assert committed() == 2, committed()
    worker.close()
    print("decided ok")

    slow = producer("slow", **{"transaction.timeout.ms": 1000, "message.timeout.ms": 1000})
    slow.begin_transaction()
    write(slow, "f1")
    time.sleep(2)
    try:
        slow.commit_transaction(20)
        raise AssertionError("the transaction is open after its time-out")
    except KafkaException:
        pass
    print("time-out ok")

    open_one = producer("b")
    open_one.begin_transaction()
    write(open_one, "g1")
    print("left open", flush=True)
    # No destructor: it would abort.
    os._exit(0)

expected = ["a1", "a2", "d1"]
assert read("read_committed", 3) == expected
assert committed() == 2
heir = producer("b")
heir.begin_transaction()
write(heir, "h1")
heir.commit_transaction(20)
assert read("read_committed", 4) == expected + ["h1"]
print("restart ok")
