#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Writes tar streams byte by byte (ustar, pax and GNU headers), because a well-behaved library
/// refuses the names and numbers that hostile layers have.
class TarBuilder {
 public:
  struct Attributes {
    unsigned mode = 0644;
    int64_t uid = 0;
    int64_t gid = 0;
    int64_t mtime = 1'000'000'000;
    /// Records of a pax header in front of the entry, e.g. {"SCHILY.xattr.user.a", "1"}.
    std::vector<std::pair<std::string, std::string>> pax = {};
  };
  static Attributes directory_attributes() { return {.mode = 0755}; }

  TarBuilder& file(std::string_view path, std::string_view content) {
    return file(path, content, Attributes{});
  }
  TarBuilder& file(std::string_view path, std::string_view content, const Attributes& with) {
    return entry('0', path, "", content, with);
  }
  TarBuilder& dir(std::string_view path) { return dir(path, directory_attributes()); }
  TarBuilder& dir(std::string_view path, const Attributes& with) {
    return entry('5', path, "", "", with);
  }
  TarBuilder& symlink(std::string_view path, std::string_view target) {
    return symlink(path, target, Attributes{.mode = 0777});
  }
  TarBuilder& symlink(std::string_view path, std::string_view target, const Attributes& with) {
    return entry('2', path, target, "", with);
  }
  TarBuilder& hardlink(std::string_view path, std::string_view target) {
    return entry('1', path, target, "", Attributes{});
  }
  TarBuilder& fifo(std::string_view path) { return entry('6', path, "", "", Attributes{}); }
  TarBuilder& char_device(std::string_view path, unsigned major, unsigned minor) {
    Header header('3', path, "", 0, Attributes{});
    header.octal(329, 8, major);
    header.octal(337, 8, minor);
    return raw(header.finish());
  }

  /// Any entry. Names longer than a ustar field go into GNU 'L' and 'K' records.
  TarBuilder& entry(char type, std::string_view path, std::string_view link,
                    std::string_view content, const Attributes& with) {
    if (!with.pax.empty()) pax_header('x', with.pax);
    if (path.size() > 100) long_name('L', path);
    if (link.size() > 100) long_name('K', link);
    raw(Header(type, path, link, content.size(), with).finish());
    return padded(content);
  }

  /// A header that claims `size` bytes of data, with none behind it.
  TarBuilder& bare_header(char type, std::string_view path, uint64_t size,
                          std::string_view link = "") {
    return raw(Header(type, path, link, size, {.mode = type == '5' ? 0755U : 0644U}).finish());
  }

  TarBuilder& pax_header(char type,
                         const std::vector<std::pair<std::string, std::string>>& records) {
    std::string body;
    for (const auto& [key, value] : records) body += pax_record(key, value);
    return pax_body(type, body);
  }
  TarBuilder& pax_body(char type, std::string_view body) {
    raw(Header(type, "PaxHeaders/x", "", body.size(), Attributes{}).finish());
    return padded(body);
  }

  TarBuilder& long_name(char type, std::string_view name) {
    const std::string body = std::string(name) + '\0';
    raw(Header(type, "././@LongLink", "", body.size(), Attributes{}).finish());
    return padded(body);
  }

  TarBuilder& raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  TarBuilder& zeros(size_t count) {
    bytes_.append(count, '\0');
    return *this;
  }

  const std::string& unfinished() const { return bytes_; }
  std::string finish() const { return bytes_ + std::string(1024, '\0'); }

  /// A header, or a stream that begins with one, after a change: with the right checksum again.
  static std::string with_new_sum(std::string bytes) {
    std::memset(bytes.data() + 148, ' ', 8);
    unsigned sum = 0;
    for (size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(bytes[i]);
    return with_sum(std::move(bytes), sum);
  }
  static std::string with_sum(std::string bytes, unsigned sum) {
    for (size_t at = 154; at-- > 148; sum /= 8) bytes[at] = static_cast<char>('0' + sum % 8);
    bytes[154] = '\0';
    bytes[155] = ' ';
    return bytes;
  }

  static std::string pax_record(const std::string& key, const std::string& value) {
    const size_t rest = key.size() + value.size() + 3;
    size_t total = rest + std::to_string(rest).size();
    if (rest + std::to_string(total).size() != total) total = rest + std::to_string(total).size();
    return std::to_string(total) + " " + key + "=" + value + "\n";
  }

 private:
  class Header {
   public:
    Header(char type, std::string_view path, std::string_view link, uint64_t size,
           const Attributes& with)
        : bytes_(512, '\0') {
      text(0, 100, path);
      number(100, 8, with.mode);
      number(108, 8, with.uid);
      number(116, 8, with.gid);
      number(124, 12, static_cast<int64_t>(size));
      number(136, 12, with.mtime);
      bytes_[156] = type;
      text(157, 100, link);
      text(257, 8, std::string_view("ustar\00000", 8));
    }

    void text(size_t at, size_t length, std::string_view value) {
      std::memcpy(bytes_.data() + at, value.data(), std::min(length, value.size()));
    }
    void octal(size_t at, size_t length, uint64_t value) {
      bytes_[at + length - 1] = '\0';
      for (size_t i = length - 1; i-- > 0; value >>= 3) {
        bytes_[at + i] = static_cast<char>('0' + (value & 7));
      }
    }
    /// Octal where it fits, else base-256 (two's complement) as GNU tar does.
    void number(size_t at, size_t length, int64_t value) {
      if (value >= 0 && value < int64_t{1} << (3 * (length - 1))) {
        return octal(at, length, static_cast<uint64_t>(value));
      }
      auto rest = static_cast<uint64_t>(value);
      for (size_t i = length; i-- > 0;) {
        const size_t from_end = length - 1 - i;
        bytes_[at + i] = static_cast<char>(from_end < 8 ? rest & 0xff : (value < 0 ? 0xff : 0));
        rest >>= 8;
      }
      bytes_[at] = static_cast<char>(static_cast<unsigned char>(bytes_[at]) | 0x80U);
    }

    std::string finish() { return with_new_sum(bytes_); }

   private:
    std::string bytes_;
  };

  TarBuilder& padded(std::string_view content) {
    raw(content);
    return zeros((512 - content.size() % 512) % 512);
  }

  std::string bytes_;
};
