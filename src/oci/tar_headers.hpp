#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/handle.hpp"

namespace oci {

/// One member of a tar archive, its header and the records in front of it put together.
struct TarMember {
  enum class Kind { file, hard_link, symlink, other };
  Kind kind = Kind::other;
  std::string name;
  std::string target;   ///< Of a link.
  uint64_t offset = 0;  ///< Where the content begins.
  uint64_t size = 0;
};

/// Reads the headers of an uncompressed tar archive (POSIX.1-2017 pax and ustar; GNU long names)
/// and steps over the contents. Nothing outside the file is ever pointed at.
class TarHeaders {
 public:
  explicit TarHeaders(std::shared_ptr<const base::UniqueFd> fd);
  /// The next member; nothing at the end of the archive. Error when it is damaged.
  std::optional<TarMember> next();

 private:
  struct Header;
  struct Override;

  bool read_header(Header& header);
  std::string read_content(uint64_t size) const;
  void read_record(const Header& header, Override& with) const;
  /// Where content of `size` bytes begins, which is passed over.
  uint64_t pass_over(uint64_t size);
  void read_pax(std::string_view records, Override& with) const;
  uint64_t room() const { return file_size_ - offset_; }

  std::shared_ptr<const base::UniqueFd> fd_;
  uint64_t file_size_;
  uint64_t offset_ = 0;  ///< Of the next header; never behind the end of the file.
};

}  // namespace oci
