#pragma once
#include <curl/curl.h>

// Swift can't call C variadics: one typed setter for each kind of argument.
static inline CURLcode mill_curl_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode mill_curl_set_pointer(CURL *handle, CURLoption option, const void *value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode mill_curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(handle, option, value);
}
typedef size_t (*mill_curl_data_callback)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode mill_curl_set_data_callback(CURL *handle, CURLoption option, mill_curl_data_callback callback) {
  return curl_easy_setopt(handle, option, callback);
}
typedef int (*mill_curl_progress_callback)(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                                           curl_off_t up);
static inline CURLcode mill_curl_set_progress_callback(CURL *handle, mill_curl_progress_callback callback) {
  return curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, callback);
}
static inline CURLcode mill_curl_get_long(CURL *handle, CURLINFO info, long *value) {
  return curl_easy_getinfo(handle, info, value);
}
