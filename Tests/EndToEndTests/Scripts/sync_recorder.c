// Preloaded into a broker: writes down what is on the disk for sure, makes syncs slow, and dies at one of them.
//
//   SYNC_RECORD  file that gets a line "inode size" after each sync of a file
//   SYNC_DELAY   microseconds that a sync takes longer
//   SYNC_DIE     the number of the sync that the process is killed at, before it; 0 = none

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_long syncs;

// The broker must not outlive its torturer.
__attribute__((constructor)) static void follow(void) { prctl(PR_SET_PDEATHSIG, SIGKILL); }

static long number(const char *name) {
  const char *text = getenv(name);
  return text ? atol(text) : 0;
}

static int record(int descriptor, const char *name) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  struct stat before;
  int is_file = fstat(descriptor, &before) == 0 && S_ISREG(before.st_mode);
  if (atomic_fetch_add(&syncs, 1) + 1 == number("SYNC_DIE")) kill(getpid(), SIGKILL);
  if (number("SYNC_DELAY") > 0) usleep(number("SYNC_DELAY"));
  int result = real(descriptor);
  const char *path = getenv("SYNC_RECORD");
  if (result == 0 && is_file && path) {
    char line[64];
    int count = snprintf(line, sizeof line, "%lu %ld\n", (unsigned long)before.st_ino, (long)before.st_size);
    int record = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (record < 0 || write(record, line, count) != count) abort();
    close(record);
  }
  return result;
}

int fsync(int descriptor) { return record(descriptor, "fsync"); }
int fdatasync(int descriptor) { return record(descriptor, "fdatasync"); }
