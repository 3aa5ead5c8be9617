#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "registry/requests.hpp"
#include "registry/retry.hpp"

namespace registry {

/// What one thread needs to talk to a registry: connections and the patience of one conversation.
struct Line {
  Line(const oci::Reference& reference, const Options& options, Standing& standing, base::Log& log)
      : retry(options.patience, log), requests(reference, options, standing, log) {}

  Retry retry;
  Requests requests;
};

/// The lines to one registry. A line belongs to whoever has it and comes back, with the connections
/// it has kept, when the last pointer to it goes.
class Lines {
 public:
  /// Everything must outlive this, and this all that it has given.
  Lines(const oci::Reference& reference, const Options& options, base::Log& log);

  /// A line nobody uses, made where there is none.
  std::shared_ptr<Line> take();
  Standing& standing() { return standing_; }

 private:
  const oci::Reference& reference_;
  const Options& options_;
  base::Log& log_;
  Standing standing_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Line>> idle_;  ///< With room for all that were made.
  size_t made_ = 0;
};

/// The lines that threads hold, one each, through an action of several requests and whatever they
/// nest.
class HeldLines {
 public:
  explicit HeldLines(Lines& lines) : lines_(lines) {}

  /// Holds a line for the calling thread while it lives, unless that has one already.
  class Hold {
   public:
    explicit Hold(HeldLines& held);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    HeldLines& held_;
    bool first_ = false;
  };

  /// The calling thread's line; it must have a Hold.
  Line& line() { return *own(); }
  /// The calling thread's line when it holds one, else one from the pool.
  std::shared_ptr<Line> own_or_new();

 private:
  /// Null when the calling thread holds none.
  std::shared_ptr<Line> own();

  Lines& lines_;
  std::mutex mutex_;
  std::map<std::thread::id, std::shared_ptr<Line>> held_;
};

}  // namespace registry
