#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace base {

inline constexpr size_t tar_record_size = 512;
/// No program writes pax headers or GNU long names of that many bytes.
inline constexpr uint64_t longest_tar_text = 1024 * 1024;

/// A header of a tar archive (POSIX.1-2017 pax, ustar Interchange Format) as it lies in the stream.
using TarRecord = std::span<const char, tar_record_size>;

bool is_zero(TarRecord header);
/// Whether the checksum is right, its bytes taken as signed or not, as old programs did.
bool has_right_sum(TarRecord header);
char tar_type(TarRecord header);
/// Whether it is in GNU's form, which is not POSIX's from byte 345 on.
bool is_gnu_header(TarRecord header);
/// Whether the front part of a long name stands where ustar keeps it.
bool has_front_part(TarRecord header);
/// The name with its front part.
std::string tar_name(TarRecord header);
std::string_view tar_link(TarRecord header);
/// The size field, octal or GNU's binary form; nothing when it is no number from 0 to 2^63 - 1.
std::optional<uint64_t> tar_size(TarRecord header);
/// Whether what this type stands for has no content, whatever its size field says.
bool is_bare_type(char type);
/// How many bytes follow a content of `size` bytes up to the next header.
uint64_t tar_padding(uint64_t size);

/// Calls `take` for each record of a pax header (POSIX.1-2017, pax Header Block); false when it is
/// damaged.
bool for_each_pax_record(
    std::string_view records,
    const std::function<void(std::string_view key, std::string_view value)>& take);
/// A decimal number up to 2^63 - 1.
std::optional<uint64_t> pax_number(std::string_view digits);

}  // namespace base
