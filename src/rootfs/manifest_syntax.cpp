#include "rootfs/manifest_syntax.hpp"

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

bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

}  // namespace

std::string escape(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (const char c : bytes) {
    if (is_plain(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '\\';
    for (const unsigned shift : {6U, 3U, 0U}) out += static_cast<char>('0' + (byte >> shift & 7U));
  }
  return out;
}

std::optional<std::string> unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_plain(text[i])) {
      out += text[i];
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 3);
    if (text[i] != '\\' || digits.size() != 3) return std::nullopt;
    unsigned byte = 0;
    for (const char digit : digits) {
      if (!is_octal(digit)) return std::nullopt;
      byte = byte << 3U | static_cast<unsigned>(digit - '0');
    }
    if (byte == 0 || byte > 0xFF || is_plain(static_cast<char>(byte))) return std::nullopt;
    out += static_cast<char>(byte);
    i += 3;
  }
  return out;
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
