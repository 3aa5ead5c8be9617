#pragma once
#include <cerrno>
#include <concepts>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace base {

/// A failure with one line a person can act on. Context is put in front while it travels outwards,
/// so that the final line reads from the task at hand down to the cause.
class Error : public std::exception {
 public:
  explicit Error(std::string message) : message_(std::move(message)) {}

  /// Puts `context` and ": " in front of the message.
  void add_context(std::string_view context) { message_.insert(0, std::string(context) + ": "); }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

/// Runs `action`; an Error that leaves it gets `context()` in front and keeps its type.
template <std::invocable Context, class Action>
decltype(auto) with_context(const Context& context, Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (Error& error) {
    error.add_context(context());
    throw;
  }
}

/// The same with a context that costs nothing to have.
template <class Action>
decltype(auto) with_context(std::string_view context, Action&& action) {
  return with_context([&] { return context; }, std::forward<Action>(action));
}

/// Runs `action`; an Error that leaves it without a word of `name` gets `context` in front, so that
/// the line alone says what it is about, once.
template <class Action>
decltype(auto) with_subject(std::string_view name, std::string_view context, Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (Error& error) {
    if (std::string_view(error.what()).find(name) == std::string_view::npos) {
      error.add_context(context);
    }
    throw;
  }
}

/// Throws an Error "`doing`: <text of errno>".
[[noreturn]] void throw_errno(std::string_view doing, int error_number = errno);

}  // namespace base
