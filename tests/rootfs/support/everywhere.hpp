#pragma once
#include <string>
#include <vector>

/// One way to put layers together: on disk with openat2, on disk without it, in memory.
struct Unpacked {
  std::string way;
  std::string refusal;  ///< What it said; "" when it took the layers.
  std::vector<std::string>
      lines;  ///< One for each entry: "path file content", "path -> target", ...
};

/// Applies the layers in every way, beside a canary that must stay as it is. A refused tree must
/// leave nothing behind.
std::vector<Unpacked> unpack_everywhere(const std::vector<std::string>& layers);

/// Each way must give exactly these lines, in the order of a walk, the root left out.
void require_tree(const std::vector<std::string>& layers, const std::vector<std::string>& lines);

/// Each way must refuse the layers with a message of bearable length that holds all the words.
void require_refusal(const std::vector<std::string>& layers, const std::vector<std::string>& words);
