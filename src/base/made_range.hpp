#pragma once
#include <cstddef>
#include <iterator>
#include <utility>

namespace base {

/// A range of `count` values, of which `make` makes each when somebody comes to its index. It must
/// outlive its iterators.
template <class Make>
class MadeRange {
 public:
  using Value = decltype(std::declval<const Make&>()(size_t{0}));

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Value;

    Iterator(const Make& make, size_t index) : make_(&make), index_(index) {}
    Value operator*() const { return (*make_)(index_); }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    const Make* make_;
    size_t index_;
  };

  MadeRange(size_t count, Make make) : count_(count), make_(std::move(make)) {}

  Iterator begin() const { return {make_, 0}; }
  Iterator end() const { return {make_, count_}; }
  size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  Value front() const { return make_(0); }
  Value operator[](size_t index) const { return make_(index); }

 private:
  size_t count_;
  Make make_;
};

}  // namespace base
