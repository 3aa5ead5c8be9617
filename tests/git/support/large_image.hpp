#pragma once
#include <random>
#include <string>
#include <vector>

#include "git/snapshot.hpp"
#include "git/support/entries.hpp"

/// 40 files of 5 kB that do not compress, one of 70 kB, and a directory that stands in two places.
inline git::Snapshot large_image() {
  std::minstd_rand numbers(1);
  const auto noise = [&](size_t size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(numbers() >> 8U & 0xFFU);
    return bytes;
  };
  std::vector<base::Entry> entries = {directory("a"), directory("a/same"), directory("b"),
                                      directory("b/deep"), directory("b/deep/same")};
  const std::string same = noise(5000);
  entries.push_back(file("a/same/f", same));
  entries.push_back(file("b/deep/same/f", same));
  for (int i = 0; i < 40; ++i) entries.push_back(file("a/f" + std::to_string(i), noise(5000)));
  entries.push_back(file("b/large", noise(70'000)));
  ListedEntries source(std::move(entries));
  git::Snapshot snapshot;
  snapshot.add_image(source, "rootfs");
  return snapshot;
}
