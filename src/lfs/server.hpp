#pragma once
#include <mutex>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "lfs/access.hpp"
#include "lfs/batch.hpp"
#include "lfs/exchange.hpp"
#include "lfs/retry.hpp"

namespace lfs {

/// One LFS server: the batch API, and the requests it asks for. Safe to use from several threads.
class Server {
 public:
  Server(Options options, Endpoint endpoint, Sleep sleep, base::Log& log);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// What to do for each of up to most_at_once objects, in their order. Error, naming its path,
  /// when one is refused for good.
  std::vector<Answer> ask(Operation operation, const std::vector<Object>& objects);

  /// Makes the request of an action that `exchange` completes; the address and header fields come
  /// from the action. StatusError unless the status is one of success.
  Reply perform(BorrowedClient& client, const Answer& answer, const Action& action,
                Exchange exchange);

  Retry retry() { return {sleep_, log_}; }
  Clients& clients() { return clients_; }

 private:
  std::string send_batch(Operation operation, const std::string& body, http::Url& from);

  Options options_;
  Endpoint endpoint_;
  Sleep sleep_;
  base::Log& log_;
  Clients clients_;
  std::mutex mutex_;  ///< Guards the access.
  Access access_;
};

/// The answer for one object that is used for one of its actions until that expires, or is refused
/// as if it had.
class Ticket {
 public:
  using Step = std::optional<Action> Answer::*;
  Ticket(Server& server, Operation operation, const Object& object, Answer answer,
         Step step = &Answer::transfer)
      : server_(server),
        operation_(operation),
        object_(object),
        answer_(std::move(answer)),
        step_(step) {}

  /// The newest answer, for a ticket of the next step.
  const Answer& answer() const { return answer_; }

  /// Runs `action` with the answer, which is asked for anew when it is out of date or when
  /// `attempt` is not the first.
  template <class Action>
  auto use(int attempt, Action&& action) -> decltype(action(std::declval<const Answer&>())) {
    if (attempt > 1 || expired()) renew();
    check();
    try {
      return action(answer_);
    } catch (const StatusError& error) {
      if (replaced_ || !looks_expired(error.status())) throw;
      replaced_ = true;
    }
    renew();
    check();
    return action(answer_);
  }

 private:
  bool expired() const;
  static bool looks_expired(long status) { return status == 401 || status == 403 || status == 410; }
  void renew();
  void check() const;

  Server& server_;
  Operation operation_;
  const Object& object_;
  Answer answer_;
  Step step_;
  bool replaced_ = false;  ///< After a refusal; the next one is meant.
};

}  // namespace lfs
