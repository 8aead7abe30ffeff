#pragma once
// What Debian's copy of librdkafka's examples/rdkafka_performance.c takes from the library's own sources.
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#define RD_UNUSED __attribute__((unused))
#define RD_NORETURN __attribute__((noreturn))
#define RD_MIN(a, b) ((a) < (b) ? (a) : (b))
#define RD_MAX(a, b) ((a) > (b) ? (a) : (b))
#define rd_snprintf snprintf
typedef int64_t rd_ts_t;
