#pragma once
// Private to this room: the only header that knows libcurl.
#include <curl/curl.h>

#include <string>

#include "base/error.hpp"
#include "base/handle.hpp"
#include "base/text.hpp"

namespace http {

using EasyHandle = base::Handle<CURL, curl_easy_cleanup>;
using MultiHandle = base::Handle<CURLM, curl_multi_cleanup>;
using HeaderList = base::Handle<curl_slist, curl_slist_free_all>;

/// To be called before any other function of libcurl; any number of times.
void initialise_libcurl();

inline void check(CURLcode code, const char* doing) {
  if (code != CURLE_OK) {
    throw base::Error(base::cat("libcurl: ", doing, ": ", curl_easy_strerror(code)));
  }
}

inline void check(CURLMcode code, const char* doing) {
  if (code != CURLM_OK) {
    throw base::Error(base::cat("libcurl: ", doing, ": ", curl_multi_strerror(code)));
  }
}

/// Sets options with the exact types libcurl reads from its variable arguments; an int or a double
/// would compile there and be misread.
class EasyOptions {
 public:
  explicit EasyOptions(CURL* handle) : handle_(handle) {}

  void set(CURLoption option, long value) { apply(option, value); }
  void set_large(CURLoption option, curl_off_t value) { apply(option, value); }
  void set(CURLoption option, const std::string& value) { apply(option, value.c_str()); }
  void set(CURLoption option, const char* value) { apply(option, value); }
  void set(CURLoption option, curl_slist* value) { apply(option, value); }
  void set_object(CURLoption option, void* value) { apply(option, value); }
  template <class Result, class... Arguments>
  void set_function(CURLoption option, Result (*function)(Arguments...) noexcept) {
    apply(option, function);
  }
  /// A copy of `bytes`.
  void set_blob(CURLoption option, const std::string& bytes) {
    curl_blob blob{const_cast<char*>(bytes.data()), bytes.size(), CURL_BLOB_COPY};
    apply(option, &blob);
  }
  template <class T>
  void set(CURLoption option, T value) = delete;

 private:
  template <class T>
  void apply(CURLoption option, T value) {
    check(curl_easy_setopt(handle_, option, value), "set an option");
  }

  CURL* handle_;
};

}  // namespace http
