#pragma once
#include <microhttpd.h>

typedef void *(*mill_mhd_uri_callback)(void *context, const char *target, struct MHD_Connection *connection);

// Swift can't call C variadics. Starts a daemon on a listening socket, with one thread of its own and connections that
// can be suspended; `context` is handed to all callbacks.
static inline struct MHD_Daemon *mill_mhd_start(int socket, unsigned connections, unsigned idle_seconds,
                                                mill_mhd_uri_callback on_target, MHD_AccessHandlerCallback on_data,
                                                MHD_RequestCompletedCallback on_completed, void *context) {
  return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_SUSPEND_RESUME, 0, NULL, NULL, on_data, context,
                          MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_CONNECTION_LIMIT, connections,
                          MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds, MHD_OPTION_URI_LOG_CALLBACK, on_target, context,
                          MHD_OPTION_NOTIFY_COMPLETED, on_completed, context, MHD_OPTION_END);
}
