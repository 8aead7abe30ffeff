#pragma once
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

// The Kafka server's event loop; Swift's Glibc module leaves these two out.
#include <sys/epoll.h>
#include <sys/eventfd.h>
