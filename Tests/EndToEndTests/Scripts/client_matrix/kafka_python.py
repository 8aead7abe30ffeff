"""kafka-python, 2.0.2 and 3: the same names, with what 3 has added."""

import time

import kafka
from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import KafkaError

from adapter import SECONDS, SESSION, Adapter, NotOffered, Record, Refused

IS_OLD = kafka.__version__.startswith("2.0.")
# Milliseconds. 3 forgets the assignment when joining takes longer than the poll in which it began.
POLL = 1000
ASSIGNORS = {"range": RangePartitionAssignor}
if not IS_OLD:
    from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

    ASSIGNORS["cooperative-sticky"] = CooperativeStickyAssignor


class Writer:
    def __init__(self, servers, topic, codec, acks, idempotent, transaction):
        settings = {"acks": acks if acks == "all" else int(acks)}
        if not IS_OLD:
            settings["enable_idempotence"] = idempotent or transaction is not None
            settings["transactional_id"] = transaction
        elif idempotent or transaction:
            raise NotOffered()
        self.topic, self.sent, self.transaction = topic, [], transaction
        self.to = KafkaProducer(
            bootstrap_servers=servers, compression_type=None if codec == "none" else codec, linger_ms=20, **settings)
        if transaction:
            self.to.init_transactions()

    def send(self, record):
        self.sent.append(self.to.send(
            self.topic, record.value, record.key, headers=list(record.headers), timestamp_ms=record.time))

    def flush(self):
        self.to.flush(SECONDS)
        for future in self.sent:
            future.get(SECONDS)
        self.sent = []

    def close(self):
        try:
            self.flush()
        finally:
            self.to.close(1)

    def begin(self):
        self.to.begin_transaction()

    def commit(self):
        try:
            self.to.commit_transaction()
        except KafkaError as error:
            # A fenced producer's records are refused with it.
            self.sent = []
            raise Refused(type(error).__name__)

    def abort(self):
        self.to.abort_transaction()

    def send_offset(self, group, topic, offset):
        self.to.send_offsets_to_transaction(
            {TopicPartition(topic, 0): kafka.structs.OffsetAndMetadata(offset, "", -1)}, group)


class Client(Adapter):
    version = kafka.__version__

    def __init__(self, servers):
        self.servers = servers
        self.made_admin = None

    @property
    def admin(self):
        if self.made_admin is None:
            self.made_admin = KafkaAdminClient(bootstrap_servers=self.servers)
        return self.made_admin

    def producer(self, topic, codec="none", acks="all", idempotent=False, transaction=None):
        return Writer(self.servers, topic, codec, acks, idempotent, transaction)

    def consumer(self, group=None, **settings):
        return KafkaConsumer(
            bootstrap_servers=self.servers, group_id=group, auto_offset_reset="earliest", heartbeat_interval_ms=200,
            session_timeout_ms=SESSION, fetch_max_wait_ms=50, check_crcs=True,
            **{"enable_auto_commit": False, **settings})

    def fetch(self, counts, isolation="read_uncommitted"):
        if IS_OLD and isolation == "read_committed":
            raise NotOffered()
        consumer = self.consumer(**({} if IS_OLD else {"isolation_level": isolation}))
        partitions = [TopicPartition(topic, 0) for topic in counts]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        found = {topic: [] for topic in counts}
        end = time.monotonic() + SECONDS
        while True:
            polled = consumer.poll(300)
            for partition, messages in polled.items():
                found[partition.topic] += [
                    (each.offset, Record(each.key, each.value, each.timestamp, tuple(each.headers)))
                    for each in messages]
            if time.monotonic() > end or not polled and all(len(found[topic]) >= counts[topic] for topic in counts):
                break
        consumer.close()
        return found

    def offset_for_time(self, topic, at):
        consumer = self.consumer()
        found = consumer.offsets_for_times({TopicPartition(topic, 0): at})[TopicPartition(topic, 0)]
        consumer.close()
        return found.offset if found else -1

    def ends(self, topic):
        consumer, partition = self.consumer(), TopicPartition(topic, 0)
        found = consumer.beginning_offsets([partition])[partition], consumer.end_offsets([partition])[partition]
        consumer.close()
        return found

    def consume(self, group, topic, count):
        consumer = self.consumer(group, max_poll_records=1)
        consumer.subscribe([topic])
        values = []
        end = time.monotonic() + SECONDS
        while len(values) < count and time.monotonic() < end:
            values += [each.value for messages in consumer.poll(POLL).values() for each in messages]
        consumer.commit()
        consumer.close()
        return values

    def committed(self, group, topic):
        consumer = self.consumer(group)
        found = consumer.committed(TopicPartition(topic, 0))
        consumer.close()
        return found

    def member(self, group, topic, assignor, stop, limit, seen, owns, instance=None):
        if assignor not in ASSIGNORS or instance and IS_OLD:
            raise NotOffered()
        static = {"group_instance_id": instance} if instance else {}
        # 3 refuses to wait for a commit in the listener; it commits by itself before each rebalance.
        consumer = self.consumer(
            group, enable_auto_commit=not IS_OLD, partition_assignment_strategy=[ASSIGNORS[assignor]], **static)
        mine = set()

        class Listener(ConsumerRebalanceListener):
            def on_partitions_revoked(self, revoked):
                if IS_OLD:
                    consumer.commit()
                mine.difference_update(partition.partition for partition in revoked)
                owns(mine)

            def on_partitions_assigned(self, assigned):
                mine.update(partition.partition for partition in assigned)
                owns(mine)

        consumer.subscribe([topic], listener=Listener())
        while not stop.is_set():
            for messages in consumer.poll(POLL).values():
                for each in messages:
                    seen(each.partition, each.offset, each.value)
        consumer.commit()
        mine.clear()
        owns(mine)
        consumer.close()

    def metadata(self):
        broker, topic = ("node_id", "topic") if IS_OLD else ("broker_id", "name")
        return (
            [each[broker] for each in self.admin.describe_cluster()["brokers"]],
            {each[topic]: len(each["partitions"]) for each in self.admin.describe_topics()})

    def create_topic(self, topic, partitions, settings):
        try:
            self.admin.create_topics([NewTopic(topic, partitions, 1, topic_configs=settings)])
        except KafkaError as error:
            raise Refused(type(error).__name__)

    def create_partitions(self, topic, count):
        self.admin.create_partitions({topic: NewPartitions(count)})

    def delete_topic(self, topic):
        self.admin.delete_topics([topic])

    def settings(self, topic):
        asked = ConfigResource(ConfigResourceType.TOPIC, topic)
        if IS_OLD:
            answer = self.admin.describe_configs([asked])[0].resources[0]
            return {entry[0]: entry[1] for entry in answer[4]}
        found = self.admin.describe_configs([asked], config_filter="all")["topic"][topic]
        return {name: entry["value"] for name, entry in found.items()}

    def alter(self, topic, name, value):
        self.admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs={name: value})])

    def delete_records(self, topic, offset):
        if IS_OLD:
            raise NotOffered()
        return self.admin.delete_records({TopicPartition(topic, 0): offset})[TopicPartition(topic, 0)]["low_watermark"]

    def groups(self):
        if IS_OLD:
            return [name for name, _ in self.admin.list_consumer_groups()]
        return [group["group_id"] for group in self.admin.list_groups()]

    def group_state(self, group):
        if IS_OLD:
            return self.admin.describe_consumer_groups([group])[0].state.upper()
        return self.admin.describe_groups([group])[group]["group_state"].upper()

    def group_offsets(self, group):
        found = self.admin.list_consumer_group_offsets(group) if IS_OLD else self.admin.list_group_offsets(group)[group]
        return {(at.topic, at.partition): meta.offset for at, meta in found.items()}

    def delete_group_offset(self, group, topic):
        if IS_OLD:
            raise NotOffered()
        partition = TopicPartition(topic, 0)
        error = self.admin.delete_group_offsets(group, [partition])[partition]
        if error is not kafka.errors.NoError:
            raise Refused(error.__name__)

    def delete_group(self, group):
        if IS_OLD:
            [(_, error)] = self.admin.delete_consumer_groups([group])
            assert error is kafka.errors.NoError, error
        else:
            assert self.admin.delete_groups([group]) == {group: "OK"}
