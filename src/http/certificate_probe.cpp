#include "http/certificate_probe.hpp"

#include <string_view>

#include "base/text.hpp"
#include "http/no_proxy.hpp"

namespace http {
namespace {

std::string field(const curl_slist* lines, std::string_view name) {
  for (; lines != nullptr; lines = lines->next) {
    std::string_view line = lines->data;
    if (!line.starts_with(name)) continue;
    line.remove_prefix(name.size());
    return base::printable(base::trim(line));
  }
  return "";
}

}  // namespace

std::string describe_certificate(EasyHandle handle, const Url& url) {
  EasyOptions options(handle.get());
  options.set(CURLOPT_URL, url.text());
  options.set(CURLOPT_CONNECT_ONLY, 1L);
  if (const auto hosts = hosts_without_proxy(url)) options.set(CURLOPT_NOPROXY, *hosts);
  options.set(CURLOPT_SSL_VERIFYPEER, 0L);
  options.set(CURLOPT_SSL_VERIFYHOST, 0L);
  options.set(CURLOPT_CERTINFO, 1L);
  // Who we are is not for a server that may be anybody.
  options.set_object(CURLOPT_SSLCERT_BLOB, nullptr);
  options.set_object(CURLOPT_SSLKEY_BLOB, nullptr);
  // The host has just answered; and a cancelled program must end soon.
  options.set(CURLOPT_TIMEOUT_MS, 1500L);
  if (curl_easy_perform(handle.get()) != CURLE_OK) return "";
  curl_certinfo* chain = nullptr;
  if (curl_easy_getinfo(handle.get(), CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == nullptr ||
      chain->num_of_certs < 1) {
    return "";
  }
  const std::string subject = field(chain->certinfo[0], "Subject:");
  const std::string issuer = field(chain->certinfo[0], "Issuer:");
  if (subject.empty() && issuer.empty()) return "";
  return base::cat("its subject is \"", subject, "\", its issuer \"", issuer, "\"");
}

}  // namespace http
