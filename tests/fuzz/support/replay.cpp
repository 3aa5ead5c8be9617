#include <algorithm>
#include <clocale>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/support/fuzz.hpp"

// Stands in for libFuzzer where that is not linked: runs each file it is given, and each in the
// directories it is given, once.
int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) {
      files.emplace_back(argv[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  for (const auto& path : files) {
    std::ifstream in(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (!in) {
      std::fprintf(stderr, "cannot read %s\n", path.c_str());
      return 1;
    }
    std::fprintf(stderr, "%s\n", path.c_str());  // The last one is to blame for a crash.
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }
  std::printf("%zu inputs\n", files.size());
  return files.empty() ? 1 : 0;  // An empty corpus tests nothing.
}
