"""confluent-kafka, librdkafka's Python client."""

import time

import confluent_kafka
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic, ResourceType)

from adapter import SECONDS, SESSION, Adapter, Record, Refused


class Writer:
    def __init__(self, servers, topic, codec, acks, idempotent, transaction):
        settings = {"bootstrap.servers": servers, "compression.type": codec, "linger.ms": 20, "acks": acks,
                    "enable.idempotence": idempotent or transaction is not None}
        self.transaction = transaction
        if transaction:
            settings["transactional.id"] = transaction
        self.servers, self.topic, self.errors = servers, topic, []
        self.to = Producer(settings)
        if transaction:
            self.to.init_transactions(SECONDS)

    def send(self, record):
        self.to.produce(
            self.topic, record.value, record.key, timestamp=record.time or 0, headers=list(record.headers),
            on_delivery=lambda error, _: error and self.errors.append(error))
        self.to.poll(0)

    def flush(self):
        assert self.to.flush(SECONDS) == 0 and not self.errors, self.errors[:3]

    close = flush

    def begin(self):
        self.to.begin_transaction()

    def commit(self):
        try:
            self.to.commit_transaction(SECONDS)
        except KafkaException as error:
            raise Refused(error.args[0].name())

    def abort(self):
        self.to.abort_transaction(SECONDS)

    def send_offset(self, group, topic, offset):
        member = Consumer({"bootstrap.servers": self.servers, "group.id": group})
        self.to.send_offsets_to_transaction(
            [TopicPartition(topic, 0, offset)], member.consumer_group_metadata(), SECONDS)
        member.close()


class Client(Adapter):
    version = f"{confluent_kafka.version()} (librdkafka {confluent_kafka.libversion()[0]})"

    def __init__(self, servers):
        self.servers = servers
        self.admin = AdminClient({"bootstrap.servers": servers})

    def producer(self, topic, codec="none", acks="all", idempotent=False, transaction=None):
        return Writer(self.servers, topic, codec, acks, idempotent, transaction)

    def consumer(self, group="none", **settings):
        return Consumer({
            "bootstrap.servers": self.servers, "group.id": group, "auto.offset.reset": "earliest",
            "enable.auto.commit": False, "heartbeat.interval.ms": 200, "session.timeout.ms": SESSION,
            "fetch.wait.max.ms": 50, "check.crcs": True, **settings})

    def poll(self, consumer, seconds):
        message = consumer.poll(seconds)
        if message is not None and message.error():
            raise KafkaException(message.error())
        return message

    def fetch(self, counts, isolation="read_uncommitted"):
        consumer = self.consumer(**{"isolation.level": isolation})
        consumer.assign([TopicPartition(topic, 0, confluent_kafka.OFFSET_BEGINNING) for topic in counts])
        found = {topic: [] for topic in counts}
        end = time.monotonic() + SECONDS
        while True:
            message = self.poll(consumer, 0.3)
            if message is not None:
                found[message.topic()].append((message.offset(), Record(
                    message.key(), message.value(), message.timestamp()[1], tuple(message.headers() or ()))))
            elif time.monotonic() > end or all(len(found[topic]) >= counts[topic] for topic in counts):
                break
        consumer.close()
        return found

    def offset_for_time(self, topic, at):
        consumer = self.consumer()
        found = consumer.offsets_for_times([TopicPartition(topic, 0, at)], timeout=SECONDS)[0].offset
        consumer.close()
        return found

    def ends(self, topic):
        consumer = self.consumer()
        found = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=SECONDS)
        consumer.close()
        return found

    def consume(self, group, topic, count):
        consumer = self.consumer(group)
        consumer.subscribe([topic])
        messages = [self.poll(consumer, SECONDS) for _ in range(count)]
        consumer.commit(messages[-1], asynchronous=False)
        consumer.close()
        return [message.value() for message in messages]

    def committed(self, group, topic):
        consumer = self.consumer(group)
        found = consumer.committed([TopicPartition(topic, 0)], timeout=SECONDS)[0].offset
        consumer.close()
        return found

    def member(self, group, topic, assignor, stop, limit, seen, owns, instance=None):
        static = {"group.instance.id": instance} if instance else {}
        consumer = self.consumer(group, **{"partition.assignment.strategy": assignor, **static})
        mine = set()

        def commit():
            try:
                consumer.commit(asynchronous=False)
            except KafkaException as error:
                # Nothing consumed since the last commit.
                if error.args[0].code() != confluent_kafka.KafkaError._NO_OFFSET:
                    raise

        def assigned(_, partitions):
            mine.update(partition.partition for partition in partitions)
            owns(mine)

        def revoked(_, partitions):
            commit()
            mine.difference_update(partition.partition for partition in partitions)
            owns(mine)

        consumer.subscribe([topic], on_assign=assigned, on_revoke=revoked)
        while not stop.is_set():
            message = self.poll(consumer, 0.05)
            if message is not None:
                seen(message.partition(), message.offset(), message.value())
        # Closing gives up the partitions, and so commits.
        consumer.close()

    def metadata(self):
        found = self.admin.list_topics(timeout=SECONDS)
        return list(found.brokers), {name: len(topic.partitions) for name, topic in found.topics.items()}

    def done(self, futures):
        try:
            return [future.result(SECONDS) for future in futures.values()][0]
        except KafkaException as error:
            raise Refused(error.args[0].name())

    def create_topic(self, topic, partitions, settings):
        self.done(self.admin.create_topics([NewTopic(topic, partitions, 1, config=settings)]))

    def create_partitions(self, topic, count):
        self.done(self.admin.create_partitions([NewPartitions(topic, count)]))

    def delete_topic(self, topic):
        self.done(self.admin.delete_topics([topic]))

    def settings(self, topic):
        found = self.done(self.admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]))
        return {entry.name: entry.value for entry in found.values()}

    def alter(self, topic, name, value):
        entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
        self.done(self.admin.incremental_alter_configs([resource]))

    def delete_records(self, topic, offset):
        return self.done(self.admin.delete_records([TopicPartition(topic, 0, offset)])).low_watermark

    def groups(self):
        return [group.group_id for group in self.admin.list_consumer_groups().result(SECONDS).valid]

    def group_state(self, group):
        return self.done(self.admin.describe_consumer_groups([group])).state.name

    def group_offsets(self, group):
        asked = confluent_kafka.ConsumerGroupTopicPartitions(group)
        found = self.done(self.admin.list_consumer_group_offsets([asked])).topic_partitions
        return {(at.topic, at.partition): at.offset for at in found}

    def delete_group(self, group):
        self.done(self.admin.delete_consumer_groups([group]))
