#include "oci/digest.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace oci {
namespace {

using base::cat;

bool is_lower_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool is_letter_or_number(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Not empty, and made of letters, numbers and `more`.
bool is_made_of(std::string_view text, std::string_view more) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter_or_number(c) || more.find(c) != std::string_view::npos;
  });
}

}  // namespace

std::optional<Digest> Digest::try_parse(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view name = text.substr(0, colon);
  const std::string_view hex = text.substr(colon + 1);
  const bool sha256 = name == "sha256" && hex.size() == 64;
  const bool sha512 = name == "sha512" && hex.size() == 128;
  if ((!sha256 && !sha512) || !std::all_of(hex.begin(), hex.end(), is_lower_hex)) {
    return std::nullopt;
  }
  return Digest(sha256 ? base::HashAlgorithm::sha256 : base::HashAlgorithm::sha512,
                std::string(hex));
}

Digest Digest::parse(std::string_view text) {
  if (auto digest = try_parse(text)) return *digest;
  throw base::Error(
      cat("\"", base::excerpt(text),
          "\" is not a digest; it must be sha256: and 64 (or sha512: and 128) digits ", "0-9 a-f"));
}

bool Digest::is_of_other_algorithm(std::string_view text) {
  const size_t colon = std::min(text.find(':'), text.size());
  const std::string_view name = text.substr(0, colon);
  return name != "sha256" && name != "sha512" && is_made_of(name, "+._-") &&
         is_made_of(text.substr(std::min(colon + 1, text.size())), "=_-");
}

Digest Digest::of(std::string_view bytes) {
  return Digest(base::HashAlgorithm::sha256, base::sha256_hex(bytes));
}

std::string Digest::text() const {
  return cat(algorithm_ == base::HashAlgorithm::sha256 ? "sha256:" : "sha512:", hex_);
}

std::string Digest::short_text() const {
  return text().substr(0, std::string_view("sha256:").size() + 12);
}

std::string blob_path(const Digest& digest) {
  std::string text = digest.text();
  std::replace(text.begin(), text.end(), ':', '/');
  return "blobs/" + text;
}

VerifiedSource::VerifiedSource(std::unique_ptr<base::ByteSource> source, Digest expected,
                               std::optional<uint64_t> size, std::string name)
    : source_(std::move(source)),
      expected_(std::move(expected)),
      size_(size),
      name_(std::move(name)),
      hasher_(expected_.algorithm()) {}

void VerifiedSource::fail(std::string message) {
  failure_ = name_.empty() ? std::move(message) : cat(name_, ": ", message);
  throw base::Error(failure_);
}

size_t VerifiedSource::read(std::span<char> buffer) {
  if (!failure_.empty()) throw base::Error(failure_);
  if (verified_) return 0;
  if (size_) {
    // One byte more shows that there is too much, without taking an endless body in.
    const uint64_t limit = *size_ - count_ + 1;
    buffer = buffer.first(static_cast<size_t>(std::min<uint64_t>(buffer.size(), limit)));
  }
  const size_t count = source_->read(buffer);
  count_ += count;
  const bool longer = size_ && count_ > *size_;
  const bool shorter = size_ && count == 0 && count_ < *size_;
  if (longer || shorter) {
    fail(cat(expected_.short_text(), longer ? " is longer" : " is shorter", " than the ",
             base::with_commas(*size_), " bytes it should have"));
  }
  if (count > 0) {
    hasher_.update({buffer.data(), count});
    return count;
  }
  const std::string actual = base::to_hex(hasher_.finish());
  if (actual != expected_.hex()) {
    fail(cat("content does not match its digest: expected ", expected_.text(), ", got ", actual));
  }
  verified_ = true;
  return 0;
}

}  // namespace oci
