#include "base/timestamp.hpp"

#include <chrono>

namespace base {
namespace {

/// Reads numbers and marks from the front of a text; after the first mistake nothing fits any more.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  /// Exactly `digits` digits, at most `highest`.
  unsigned number(size_t digits, unsigned highest) {
    unsigned value = 0;
    for (size_t i = 0; i < digits; ++i) value = value * 10 + digit();
    good_ = good_ && value <= highest;
    return value;
  }

  /// One of `marks`, which is returned.
  char mark(std::string_view marks) {
    good_ = good_ && !rest_.empty() && marks.find(rest_.front()) != std::string_view::npos;
    return good_ ? next() : '\0';
  }

  /// A fraction with its point, if there is one, in billionths.
  int32_t fraction() {
    if (!rest_.starts_with('.')) return 0;
    next();
    int32_t value = 0;
    int32_t weight = 100'000'000;
    value += static_cast<int32_t>(digit()) * weight;
    while (good_ && !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      weight /= 10;
      value += static_cast<int32_t>(digit()) * weight;
    }
    return value;
  }

  bool finished() const { return good_ && rest_.empty(); }

 private:
  unsigned digit() {
    const char c = mark("0123456789");
    return c == '\0' ? 0 : static_cast<unsigned>(c - '0');
  }
  char next() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::optional<Timestamp> Timestamp::parse(std::string_view text) {
  using std::chrono::hours;
  using std::chrono::minutes;
  Reader reader(text);
  const std::chrono::year y(static_cast<int>(reader.number(4, 9999)));
  reader.mark("-");
  const std::chrono::month m(reader.number(2, 12));
  reader.mark("-");
  const std::chrono::day d(reader.number(2, 31));
  reader.mark("Tt");
  const hours hour(reader.number(2, 23));
  reader.mark(":");
  const minutes minute(reader.number(2, 59));
  reader.mark(":");
  const std::chrono::seconds second(reader.number(2, 60));  // A leap second.
  const int32_t nanoseconds = reader.fraction();
  minutes offset{0};
  if (const char zone = reader.mark("Zz+-"); zone == '+' || zone == '-') {
    const hours ahead(reader.number(2, 23));
    reader.mark(":");
    offset = ahead + minutes(reader.number(2, 59));
    if (zone == '-') offset = -offset;
  }
  const std::chrono::year_month_day date(y, m, d);
  if (!reader.finished() || !date.ok()) return std::nullopt;
  const std::chrono::seconds since_epoch =
      std::chrono::sys_days(date).time_since_epoch() + hour + minute + second - offset;
  return Timestamp{since_epoch.count(), nanoseconds};
}

}  // namespace base
