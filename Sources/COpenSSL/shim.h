#pragma once
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

// What follows sets things through macros, which Swift does not see.

// A server's settings. Idle connections give their buffers back, and nothing is kept for resuming sessions: connections
// to a broker are few and long.
static inline SSL_CTX *mill_tls_server_context(int minimumVersion) {
  SSL_CTX *context = SSL_CTX_new(TLS_server_method());
  if (context == NULL) return NULL;
  SSL_CTX_set_min_proto_version(context, minimumVersion);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  return context;
}

// The last error of this thread in words, NULL when there is none. Empties the queue.
static inline const char *mill_tls_error(void) {
  unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  return code == 0 ? NULL : ERR_reason_error_string(code);
}
