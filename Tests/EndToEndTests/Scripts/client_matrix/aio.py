"""aiokafka. Its coroutines run in one event loop, in a thread of their own."""

import asyncio
import threading
import time

import aiokafka
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from adapter import SECONDS, SESSION, Adapter, NotOffered, Record, Refused

loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()


def run(coroutine):
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result(2 * SECONDS)


class Writer:
    def __init__(self, servers, topic, codec, acks, idempotent, transaction):
        self.topic, self.sent = topic, []

        async def start():
            self.to = AIOKafkaProducer(
                bootstrap_servers=servers, compression_type=None if codec == "none" else codec, linger_ms=20,
                acks=acks if acks == "all" else int(acks),
                enable_idempotence=idempotent or transaction is not None, transactional_id=transaction)
            await self.to.start()

        run(start())

    def send(self, record):
        self.sent.append(run(self.to.send(
            self.topic, record.value, record.key, headers=list(record.headers), timestamp_ms=record.time)))

    def flush(self):
        async def delivered(futures):
            for future in futures:
                await future

        run(self.to.flush())
        run(delivered(self.sent))
        self.sent = []

    def close(self):
        try:
            self.flush()
        finally:
            run(self.to.stop())

    def begin(self):
        run(self.to.begin_transaction())

    def commit(self):
        try:
            run(self.to.commit_transaction())
        except KafkaError as error:
            # A fenced producer's records are refused with it.
            self.sent = []
            run(self.to.stop())
            raise Refused(type(error).__name__)

    def abort(self):
        run(self.to.abort_transaction())

    def send_offset(self, group, topic, offset):
        run(self.to.send_offsets_to_transaction({TopicPartition(topic, 0): offset}, group))


class Client(Adapter):
    version = aiokafka.__version__

    def __init__(self, servers):
        self.servers = servers

    def producer(self, topic, codec="none", acks="all", idempotent=False, transaction=None):
        return Writer(self.servers, topic, codec, acks, idempotent, transaction)

    async def consumer(self, group=None, topics=(), listener=None, partitions=(), **settings):
        made = AIOKafkaConsumer(
            bootstrap_servers=self.servers, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False,
            heartbeat_interval_ms=200, session_timeout_ms=SESSION, fetch_max_wait_ms=50, check_crcs=True, **settings)
        if topics:
            made.subscribe(topics, listener=listener)
        if partitions:
            made.assign(partitions)
        await made.start()
        return made

    def fetch(self, counts, isolation="read_uncommitted"):
        async def body():
            consumer = await self.consumer(
                partitions=[TopicPartition(topic, 0) for topic in counts], isolation_level=isolation)
            await consumer.seek_to_beginning()
            found = {topic: [] for topic in counts}
            end = time.monotonic() + SECONDS
            while True:
                polled = await consumer.getmany(timeout_ms=300)
                for partition, messages in polled.items():
                    found[partition.topic] += [
                        (each.offset, Record(each.key, each.value, each.timestamp, tuple(each.headers)))
                        for each in messages]
                if time.monotonic() > end or not polled and all(len(found[each]) >= counts[each] for each in counts):
                    break
            await consumer.stop()
            return found

        return run(body())

    def offset_for_time(self, topic, at):
        async def body():
            consumer = await self.consumer()
            found = (await consumer.offsets_for_times({TopicPartition(topic, 0): at}))[TopicPartition(topic, 0)]
            await consumer.stop()
            return found.offset if found else -1

        return run(body())

    def ends(self, topic):
        async def body():
            consumer, partition = await self.consumer(), TopicPartition(topic, 0)
            first = await consumer.beginning_offsets([partition])
            end = await consumer.end_offsets([partition])
            await consumer.stop()
            return first[partition], end[partition]

        return run(body())

    def consume(self, group, topic, count):
        async def body():
            consumer = await self.consumer(group, [topic])
            values = [(await consumer.getone()).value for _ in range(count)]
            await consumer.commit()
            await consumer.stop()
            return values

        return run(body())

    def committed(self, group, topic):
        async def body():
            consumer = await self.consumer(group)
            found = await consumer.committed(TopicPartition(topic, 0))
            await consumer.stop()
            return found

        return run(body())

    def member(self, group, topic, assignor, stop, limit, seen, owns, instance=None):
        if assignor != "range":
            raise NotOffered()
        mine = set()

        class Listener(ConsumerRebalanceListener):
            async def on_partitions_revoked(self, revoked):
                if revoked:
                    await self.consumer.commit()
                mine.clear()
                owns(mine)

            async def on_partitions_assigned(self, assigned):
                mine.update(partition.partition for partition in assigned)
                owns(mine)

        async def body():
            listener = Listener()
            consumer = listener.consumer = await self.consumer(group, group_instance_id=instance)
            consumer.subscribe([topic], listener=listener)
            while not stop.is_set():
                for messages in (await consumer.getmany(timeout_ms=50)).values():
                    for each in messages:
                        seen(each.partition, each.offset, each.value)
            await consumer.commit()
            mine.clear()
            owns(mine)
            await consumer.stop()

        asyncio.run_coroutine_threadsafe(body(), loop).result()

    def administer(self, body):
        async def whole():
            admin = AIOKafkaAdminClient(bootstrap_servers=self.servers)
            await admin.start()
            try:
                return await body(admin)
            finally:
                await admin.close()

        return run(whole())

    def metadata(self):
        cluster = self.administer(lambda admin: admin.describe_cluster())
        topics = self.administer(lambda admin: admin.describe_topics())
        return (
            [each["node_id"] for each in cluster["brokers"]],
            {each["topic"]: len(each["partitions"]) for each in topics})

    def create_topic(self, topic, partitions, settings):
        made = NewTopic(topic, partitions, 1, topic_configs=settings)
        answer = self.administer(lambda admin: admin.create_topics([made]))
        for error in answer.topic_errors:
            if error[1]:
                raise Refused(for_code(error[1]).__name__)

    def create_partitions(self, topic, count):
        self.administer(lambda admin: admin.create_partitions({topic: NewPartitions(count)}))

    def delete_topic(self, topic):
        self.administer(lambda admin: admin.delete_topics([topic]))

    def settings(self, topic):
        asked = ConfigResource(ConfigResourceType.TOPIC, topic)
        [answer] = self.administer(lambda admin: admin.describe_configs([asked]))
        return {entry[0]: entry[1] for entry in answer.resources[0][4]}

    def alter(self, topic, name, value):
        asked = ConfigResource(ConfigResourceType.TOPIC, topic, configs={name: value})
        [answer] = self.administer(lambda admin: admin.alter_configs([asked]))
        assert answer.resources[0][0] == 0, answer

    def delete_records(self, topic, offset):
        partition = TopicPartition(topic, 0)
        return self.administer(lambda admin: admin.delete_records({partition: RecordsToDelete(offset)}))[partition]

    def groups(self):
        return [each[0] for each in self.administer(lambda admin: admin.list_consumer_groups())]

    def group_state(self, group):
        [answer] = self.administer(lambda admin: admin.describe_consumer_groups([group]))
        return answer.groups[0][2].upper()

    def group_offsets(self, group):
        found = self.administer(lambda admin: admin.list_consumer_group_offsets(group))
        return {(at.topic, at.partition): meta.offset for at, meta in found.items()}
