"""kafka_python_admin.py SERVERS: what kafka-python's admin client asks and librdkafka's in Python does not."""

import sys

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import GroupSubscribedToTopicError, NoError

servers = sys.argv[1]
admin = KafkaAdminClient(bootstrap_servers=servers)
admin.create_topics([NewTopic("offsets", 2, 1)])
both = [TopicPartition("offsets", partition) for partition in (0, 1)]
consumer = KafkaConsumer("offsets", bootstrap_servers=servers, group_id="python", auto_offset_reset="earliest")
while consumer.assignment() != set(both):
    consumer.poll(100)
consumer.commit()
assert admin.delete_group_offsets("python", both) == dict.fromkeys(both, GroupSubscribedToTopicError)
consumer.close()
assert admin.delete_group_offsets("python", both[:1]) == {both[0]: NoError}
left = admin.list_group_offsets("python")
assert [partition for partition in both if partition in (left.get("python") or left)] == both[1:], left
print("delete offsets ok")
admin.close()
