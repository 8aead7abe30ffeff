"""confluent_kafka_admin.py SERVERS: librdkafka's AdminClient against a broker. One line for each thing that works."""

import sys

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic, OffsetSpec, ResourceType)

servers = sys.argv[1]
topic = "admin"
admin = AdminClient({"bootstrap.servers": servers})


def settings(kind, name):
    resource = ConfigResource(kind, name)
    return {entry.name: entry.value for entry in admin.describe_configs([resource])[resource].result(10).values()}


def alter(*entries):
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[
        ConfigEntry(name, value, incremental_operation=operation) for name, operation, value in entries])
    admin.incremental_alter_configs([resource])[resource].result(10)


def refused(do):
    try:
        do()
    except KafkaException as error:
        return error.args[0].name()
    return "accepted"


new = NewTopic(topic, 1, 1, config={"retention.ms": "3600000", "segment.bytes": "1000"})
admin.create_topics([new])[topic].result(10)
admin.create_partitions([NewPartitions(topic, 2)])[topic].result(10)
assert len(admin.list_topics(timeout=10).topics[topic].partitions) == 2
assert settings(ResourceType.TOPIC, topic)["retention.ms"] == "3600000"
print("create ok")

SET, DELETE = AlterConfigOpType.SET, AlterConfigOpType.DELETE
alter(("retention.ms", SET, "7200000"), ("max.message.bytes", SET, "2000"))
found = settings(ResourceType.TOPIC, topic)
assert (found["retention.ms"], found["max.message.bytes"], found["segment.bytes"]) == ("7200000", "2000", "1000"), found
alter(("retention.ms", DELETE, ""))
assert settings(ResourceType.TOPIC, topic)["retention.ms"] == "604800000"
assert refused(lambda: alter(("retention.ms", SET, "soon"))) == "INVALID_CONFIG"
assert refused(lambda: alter(("no.such.key", SET, "1"))) == "INVALID_CONFIG"
reports = []
producer = Producer({"bootstrap.servers": servers})
producer.produce(topic, b"x" * 3000, partition=0, on_delivery=lambda error, _: reports.append(error and error.name()))
assert producer.flush(20) == 0 and reports == ["MSG_SIZE_TOO_LARGE"], reports
whole = ConfigResource(ResourceType.TOPIC, topic, set_config={"segment.bytes": "2000"})
admin.alter_configs([whole])[whole].result(10)
found = settings(ResourceType.TOPIC, topic)
assert (found["max.message.bytes"], found["segment.bytes"]) == ("1048588", "2000"), found
print("alter ok")

alter(("cleanup.policy", AlterConfigOpType.APPEND, "compact"))
assert settings(ResourceType.TOPIC, topic)["cleanup.policy"] == "delete,compact"
reports.clear()
producer.produce(topic, b"no key", partition=1, on_delivery=lambda error, _: reports.append(error and error.name()))
assert producer.flush(20) == 0 and reports == ["INVALID_RECORD"], reports
alter(("cleanup.policy", AlterConfigOpType.SUBTRACT, "compact"))
print("compact ok")

found = settings(ResourceType.BROKER, "1")
assert found["message.max.bytes"] == "1048588" and found["log.flush.interval.ms"] == "1000", found
cluster = admin.describe_cluster().result(10)
assert [node.id for node in cluster.nodes] == [1]
print("describe ok")

for n in range(100):
    producer.produce(topic, b"value %d " % n + b"x" * 100, partition=0)
    producer.flush(20)
where = TopicPartition(topic, 0, 42)
assert admin.delete_records([where])[where].result(10).low_watermark == 42
earliest = admin.list_offsets({TopicPartition(topic, 0): OffsetSpec.earliest()})
assert [future.result(10).offset for future in earliest.values()] == [42]
assert refused(lambda: admin.delete_records([TopicPartition(topic, 0, 101)])[where].result(10)) == "OFFSET_OUT_OF_RANGE"
consumer = Consumer({"bootstrap.servers": servers, "group.id": "admin-group", "auto.offset.reset": "earliest"})
consumer.assign([TopicPartition(topic, 0)])
message = consumer.poll(20)
assert message.offset() == 42 and message.value().startswith(b"value 42 "), message.offset()
consumer.commit(message, asynchronous=False)
assert consumer.committed([TopicPartition(topic, 0)], timeout=10)[0].offset == 43
end = TopicPartition(topic, 0, -1)
assert admin.delete_records([end])[end].result(10).low_watermark == 100
consumer.close()
print("delete records ok")

assert [group.group_id for group in admin.list_consumer_groups().result(10).valid] == ["admin-group"]
admin.delete_consumer_groups(["admin-group"])["admin-group"].result(10)
assert admin.list_consumer_groups().result(10).valid == []
admin.delete_topics([topic])[topic].result(10)
assert topic not in admin.list_topics(timeout=10).topics
print("delete ok")
