"""confluent_kafka_client.py SERVERS: librdkafka's Python client against a broker."""

import sys

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

servers = sys.argv[1]
codecs = ["none", "gzip", "snappy", "lz4", "zstd"]
count = 300
admin = AdminClient({"bootstrap.servers": servers})
for name, made in admin.create_topics([NewTopic(f"confluent-{codec}", 2, 1) for codec in codecs]).items():
    made.result(10)
topics = admin.list_topics(timeout=10).topics
for codec in codecs:
    topic = f"confluent-{codec}"
    assert len(topics[topic].partitions) == 2, topics
    expected = {(b"k%d" % n, b"value %d " % n + b"x" * 100) for n in range(count)}
    reports = []
    producer = Producer({"bootstrap.servers": servers, "compression.type": codec, "enable.idempotence": True})
    for n, (key, value) in enumerate(sorted(expected)):
        producer.produce(
            topic, value, key, timestamp=1_700_000_000_000 + n, headers={"n": str(n)},
            on_delivery=lambda error, message: reports.append(error))
    assert producer.flush(20) == 0 and reports == [None] * count, reports[:3]

    consumer = Consumer({"bootstrap.servers": servers, "group.id": f"group-{codec}", "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    found = []
    while len(found) < count:
        message = consumer.poll(20)
        assert message is not None and message.error() is None, (codec, len(found), message and message.error())
        assert message.headers() == [("n", str(message.timestamp()[1] - 1_700_000_000_000).encode())]
        found.append((message.key(), message.value()))
    assert set(found) == expected and consumer.poll(0.2) is None, codec
    consumer.commit(asynchronous=False)
    committed = consumer.committed([TopicPartition(topic, p) for p in (0, 1)], timeout=10)
    assert sum(p.offset for p in committed) == count, committed
    # The first record at or after the time, in each partition; -1 (the end) after all of them.
    middle = consumer.offsets_for_times([TopicPartition(topic, p, 1_700_000_000_150) for p in (0, 1)], timeout=10)
    assert sum(p.offset for p in middle) == 150, middle
    late = consumer.offsets_for_times([TopicPartition(topic, 0, 1_800_000_000_000)], timeout=10)
    assert late[0].offset == -1, late
    low, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
    assert low == 0 and high == committed[0].offset
    consumer.close()
    print(codec, "ok")
