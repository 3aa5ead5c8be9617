#include <cstdio>
#include <string_view>

#include "resource/steps.hpp"

/// One program under three names, by which Concourse calls it: nearly all code serves every step.
int main(int argc, char** argv) {
  const std::string_view path = argc > 0 ? argv[0] : "";
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (name == "check") return resource::run(argc, argv, resource::Step::check);
  if (name == "in") return resource::run(argc, argv, resource::Step::get);
  if (name == "out") return resource::run(argc, argv, resource::Step::put);
  std::fputs("error: call this program by one of its names: check, in or out\n", stderr);
  return 1;
}
