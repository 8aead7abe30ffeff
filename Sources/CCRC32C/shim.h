#pragma once
// The processor's own CRC-32C instruction, which Swift has no name for.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
static inline int crc32c_is_in_hardware(void) { return __builtin_cpu_supports("sse4.2") != 0; }

__attribute__((target("sse4.2"))) static inline uint32_t crc32c_extend(uint32_t crc, const void *bytes, size_t count) {
  const uint8_t *cursor = bytes;
  uint64_t state = crc;
  for (; count >= 8; count -= 8, cursor += 8) {
    uint64_t word;
    memcpy(&word, cursor, 8);
    state = __builtin_ia32_crc32di(state, word);
  }
  for (; count > 0; count--, cursor++) state = __builtin_ia32_crc32qi((uint32_t)state, *cursor);
  return (uint32_t)state;
}
#else
static inline int crc32c_is_in_hardware(void) { return 0; }
static inline uint32_t crc32c_extend(uint32_t crc, const void *bytes, size_t count) { return crc; }
#endif
