#include "base/error.hpp"

#include <cstring>

namespace base {

void throw_errno(std::string_view doing, int error_number) {
  throw Error(std::string(doing) + ": " + std::strerror(error_number));
}

}  // namespace base
