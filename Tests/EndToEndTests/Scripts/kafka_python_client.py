"""kafka_python_client.py SERVERS: the pure Python client against a broker."""

import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

servers = sys.argv[1]
codecs = [None, "gzip", "snappy", "lz4", "zstd"]
count = 300
admin = KafkaAdminClient(bootstrap_servers=servers)
admin.create_topics([NewTopic(f"python-{codec}", 2, 1) for codec in codecs])
assert {f"python-{codec}" for codec in codecs} <= set(admin.list_topics())
for codec in codecs:
    topic = f"python-{codec}"
    expected = {(b"k%d" % n, b"value %d " % n + b"x" * 100) for n in range(count)}
    producer = KafkaProducer(bootstrap_servers=servers, compression_type=codec, acks="all", linger_ms=20)
    sent = [
        producer.send(topic, value, key, headers=[("n", b"%d" % n)], timestamp_ms=1_700_000_000_000 + n)
        for n, (key, value) in enumerate(sorted(expected))
    ]
    producer.flush(20)
    assert {(r.partition, r.offset) for r in (future.get(1) for future in sent)} >= {(0, 0), (1, 0)}
    producer.close()

    consumer = KafkaConsumer(
        topic, bootstrap_servers=servers, group_id=f"python-group-{codec}", auto_offset_reset="earliest",
        enable_auto_commit=False, consumer_timeout_ms=20000)
    found = []
    for message in consumer:
        assert message.headers == [("n", b"%d" % (message.timestamp - 1_700_000_000_000))], message
        found.append((message.key, message.value))
        if len(found) == count:
            break
    assert len(found) == count and set(found) == expected, (codec, len(found))
    consumer.commit()
    partitions = [TopicPartition(topic, p) for p in (0, 1)]
    assert sum(consumer.committed(p) for p in partitions) == count
    assert sum(consumer.end_offsets(partitions).values()) == count
    middle = consumer.offsets_for_times(dict.fromkeys(partitions, 1_700_000_000_150))
    assert sum(at.offset for at in middle.values()) == 150, middle
    consumer.close()
    print(codec, "ok")
admin.close()
