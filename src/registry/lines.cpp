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
  if (!line) line = std::make_unique<Line>(reference_, options_, standing_, log_);
  if (standing_.answered()) line->retry.set_answered();
  const auto give_back = [this](Line* used) {
    std::unique_ptr<Line> owner(used);
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(owner));
  };
  return {line.release(), give_back};
}

HeldLine::Hold::Hold(HeldLine& held) : held_(held), first_(!held.line_) {
  if (!first_) return;
  auto line = held_.lines_.take();
  const std::lock_guard lock(held_.mutex_);
  held_.line_ = std::move(line);
  held_.holder_ = std::this_thread::get_id();
}

HeldLine::Hold::~Hold() {
  if (!first_) return;
  const std::lock_guard lock(held_.mutex_);
  held_.line_.reset();
  held_.holder_ = {};
}

std::shared_ptr<Line> HeldLine::own_or_new() {
  {
    const std::lock_guard lock(mutex_);
    if (line_ && holder_ == std::this_thread::get_id()) return line_;
  }
  return lines_.take();
}

}  // namespace registry
