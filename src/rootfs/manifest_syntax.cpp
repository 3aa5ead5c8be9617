#include "rootfs/manifest_syntax.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace rootfs {
namespace {

using Word = std::pair<base::EntryKind, std::string_view>;
constexpr std::array<Word, 7> words = {{{base::EntryKind::file, "file"},
                                        {base::EntryKind::directory, "dir"},
                                        {base::EntryKind::symlink, "link"},
                                        {base::EntryKind::fifo, "fifo"},
                                        {base::EntryKind::socket, "socket"},
                                        {base::EntryKind::char_device, "char"},
                                        {base::EntryKind::block_device, "block"}}};

bool is_plain(char c) {
  return c > ' ' && c <= '~' && c != '\\' && c != '#' && c != '=';
}

/// The longest start of `text` that stands for itself.
std::string_view plain_start(std::string_view text) {
  size_t length = 0;
  while (length < text.size() && is_plain(text[length])) ++length;
  return text.substr(0, length);
}

bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

}  // namespace

void append_escaped(std::string& out, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view plain = plain_start(bytes);
    out += plain;
    bytes.remove_prefix(plain.size());
    if (bytes.empty()) return;
    const auto byte = static_cast<unsigned char>(bytes.front());
    out += '\\';
    for (const unsigned shift : {6U, 3U, 0U}) out += static_cast<char>('0' + (byte >> shift & 7U));
    bytes.remove_prefix(1);
  }
}

uint64_t escaped_size(std::string_view bytes) {
  const auto plain = static_cast<uint64_t>(std::count_if(bytes.begin(), bytes.end(), is_plain));
  return plain + 4 * (bytes.size() - plain);
}

std::optional<std::string> unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (;;) {
    const std::string_view plain = plain_start(text);
    out += plain;
    text.remove_prefix(plain.size());
    if (text.empty()) return out;
    const std::string_view digits = text.substr(1, 3);
    if (text[0] != '\\' || digits.size() != 3) return std::nullopt;
    unsigned byte = 0;
    for (const char digit : digits) {
      if (!is_octal(digit)) return std::nullopt;
      byte = byte << 3U | static_cast<unsigned>(digit - '0');
    }
    if (byte == 0 || byte > 0xFF || is_plain(static_cast<char>(byte))) return std::nullopt;
    out += static_cast<char>(byte);
    text.remove_prefix(4);
  }
}

std::string_view type_word(base::EntryKind kind) {
  for (const auto& [known, word] : words) {
    if (known == kind) return word;
  }
  return "";
}

std::optional<base::EntryKind> kind_of_word(std::string_view word) {
  for (const auto& [kind, known] : words) {
    if (known == word) return kind;
  }
  return std::nullopt;
}

}  // namespace rootfs
