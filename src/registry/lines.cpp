#include "registry/lines.hpp"

#include <utility>

namespace registry {

Lines::Lines(const oci::Reference& reference, const Options& options, base::Log& log)
    : reference_(reference),
      options_(options),
      log_(log),
      standing_(reference.wire_host(), options.scheme.empty() ? "https" : options.scheme, log) {}

std::shared_ptr<Line> Lines::take() {
  std::unique_ptr<Line> line;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      line = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!line) {
    line = std::make_unique<Line>(reference_, options_, standing_, log_);
    const std::lock_guard lock(mutex_);
    idle_.reserve(++made_);
  }
  if (standing_.answered()) line->retry.set_answered();
  const auto give_back = [this](Line* used) noexcept {
    std::unique_ptr<Line> owner(used);
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(owner));
  };
  return {line.release(), give_back};
}

HeldLines::Hold::Hold(HeldLines& held) : held_(held) {
  if (held_.own()) return;
  auto line = held_.lines_.take();
  const std::lock_guard lock(held_.mutex_);
  held_.held_.emplace(std::this_thread::get_id(), std::move(line));
  first_ = true;
}

HeldLines::Hold::~Hold() {
  if (!first_) return;
  const std::lock_guard lock(held_.mutex_);
  held_.held_.erase(std::this_thread::get_id());
}

std::shared_ptr<Line> HeldLines::own() {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(std::this_thread::get_id());
  return found == held_.end() ? nullptr : found->second;
}

std::shared_ptr<Line> HeldLines::own_or_new() {
  auto line = own();
  return line ? line : lines_.take();
}

}  // namespace registry
