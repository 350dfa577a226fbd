// A doubly linked list whose links are in its elements: it takes no memory, so that nothing that is
// queued can fail.
#pragma once

namespace evq::iocp {

template <class T>
class List;

/// The base of what can be in one List<T> at a time.
template <class T>
class Linked {
 public:
  [[nodiscard]] bool is_linked() const noexcept { return previous_ != nullptr; }

 private:
  friend class List<T>;

  Linked* previous_ = nullptr;
  Linked* next_ = nullptr;
};

template <class T>
class List {
 public:
  List() noexcept {
    ends_.previous_ = &ends_;
    ends_.next_ = &ends_;
  }
  List(const List&) = delete;
  List& operator=(const List&) = delete;

  [[nodiscard]] bool is_empty() const noexcept { return ends_.next_ == &ends_; }
  /// Null if there is none.
  [[nodiscard]] T* front() noexcept { return is_empty() ? nullptr : static_cast<T*>(ends_.next_); }
  void push_front(T& element) noexcept { insert(element, *ends_.next_); }
  void push_back(T& element) noexcept { insert(element, ends_); }
  /// Does nothing with an element that is in no list.
  void erase(T& element) noexcept {
    Linked<T>& link = element;
    if (link.is_linked()) {
      link.previous_->next_ = link.next_;
      link.next_->previous_ = link.previous_;
      link.previous_ = nullptr;
      link.next_ = nullptr;
    }
  }

 private:
  static void insert(Linked<T>& link, Linked<T>& before) noexcept {
    link.previous_ = before.previous_;
    link.next_ = &before;
    before.previous_->next_ = &link;
    before.previous_ = &link;
  }

  Linked<T> ends_;
};

}  // namespace evq::iocp
