// Preloaded into millrace: counts what the process does to files, and kills it with SIGKILL at one of these steps.
//
//   STEP_BELOW   directories, with ':' between them: files elsewhere do not count
//   STEP_DIE     the number of the step that the process dies at, before it, counted from 1; 0 = none
//   STEP_RECORD  file that gets a line "number what path" for each step
//
// A write is two steps: before it, and when half of its bytes are written. Steps come one after the other, whichever
// threads they are of, so that nothing more happens to the files once the process is to die.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long done, deadly;
static const char *below;
static int record = -1;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
  // The process must not outlive the test.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  below = getenv("STEP_BELOW");
  const char *number = getenv("STEP_DIE"), *path = getenv("STEP_RECORD");
  deadly = number ? atol(number) : 0;
  if (path) record = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static int counts(const char *path) {
  for (const char *at = below; at && *at;) {
    size_t length = strcspn(at, ":");
    if (!strncmp(path, at, length) && path[length] == '/') return 1;
    at += length + (at[length] == ':');
  }
  return 0;
}

// The path of an open file, or an empty one when it does not count.
static const char *path_of(int descriptor, char *path, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t count = readlink(link, path, size - 1);
  path[count < 0 ? 0 : count] = 0;
  if (!counts(path)) path[0] = 0;
  return path;
}

static void step(const char *what, const char *path) {
  done++;
  char line[5000];
  int count = snprintf(line, sizeof line, "%ld %s %s\n", done, what, path);
  if (record >= 0 && REAL(write)(record, line, count) != count) abort();
  if (done != deadly) return;
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

static int open_path(int directory, const char *path, int flags, mode_t mode) {
  int (*real)(int, const char *, int, ...) = REAL(openat);
  struct stat info;
  int makes = (flags & O_CREAT) && stat(path, &info) != 0, cuts = (flags & O_TRUNC) != 0;
  if (!counts(path) || !(makes || cuts)) return real(directory, path, flags, mode);
  pthread_mutex_lock(&mutex);
  step(makes ? "create" : "truncate", path);
  int result = real(directory, path, flags, mode);
  pthread_mutex_unlock(&mutex);
  return result;
}

#define OPEN(name)                          \
  int name(const char *path, int flags, ...) { \
    va_list rest;                           \
    va_start(rest, flags);                  \
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                           \
    return open_path(AT_FDCWD, path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

// Once half, then whole.
#define WRITE(what, descriptor, count, half, whole)            \
  char path[4096];                                             \
  if (!*path_of(descriptor, path, sizeof path)) return whole;  \
  pthread_mutex_lock(&mutex);                                  \
  step(what, path);                                            \
  if (done + 1 == deadly && (half) < 0) abort();               \
  step(what "-half", path);                                    \
  ssize_t result = whole;                                      \
  pthread_mutex_unlock(&mutex);                                \
  return result;

ssize_t write(int descriptor, const void *bytes, size_t count) {
  ssize_t (*real)(int, const void *, size_t) = REAL(write);
  WRITE("write", descriptor, count, real(descriptor, bytes, count / 2), real(descriptor, bytes, count))
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t place) {
  ssize_t (*real)(int, const void *, size_t, off_t) = REAL(pwrite);
  WRITE("write", descriptor, count, real(descriptor, bytes, count / 2, place), real(descriptor, bytes, count, place))
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t place) {
  return pwrite(descriptor, bytes, count, place);
}

// A step, then the call; `path` is empty for what does not count.
#define CALL(what, path, call)           \
  if (!*(path)) return call;             \
  pthread_mutex_lock(&mutex);            \
  step(what, path);                      \
  __typeof__(call) result = call;        \
  pthread_mutex_unlock(&mutex);          \
  return result;

#define DESCRIPTOR_CALL(what, call) \
  char path[4096];                  \
  path_of(descriptor, path, sizeof path); \
  CALL(what, path, call)

int fsync(int descriptor) { DESCRIPTOR_CALL("sync", REAL(fsync)(descriptor)) }
int fdatasync(int descriptor) { DESCRIPTOR_CALL("sync", REAL(fdatasync)(descriptor)) }
int ftruncate(int descriptor, off_t size) { DESCRIPTOR_CALL("truncate", REAL(ftruncate)(descriptor, size)) }
int ftruncate64(int descriptor, off64_t size) { return ftruncate(descriptor, size); }

static const char *known(const char *path) { return counts(path) ? path : ""; }

int rename(const char *from, const char *to) { CALL("rename", known(to), REAL(rename)(from, to)) }
int link(const char *from, const char *to) { CALL("link", known(to), REAL(link)(from, to)) }
int unlink(const char *path) { CALL("unlink", known(path), REAL(unlink)(path)) }
int mkdir(const char *path, mode_t mode) { CALL("mkdir", known(path), REAL(mkdir)(path, mode)) }
