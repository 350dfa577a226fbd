// What a backend is: the concept, and in prose what the compiler cannot check.
#pragma once

#include <evq/detail/queue.hpp>
#include <evq/error.hpp>
#include <evq/interest.hpp>
#include <evq/source.hpp>
#include <evq/token.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace evq {

/// One readiness event, as a backend keeps it in the buffer of `BasicEvents`. Copies are cheap and
/// stay valid.
template <class E>
concept BackendEvent =
    std::is_trivially_copyable_v<E> && std::default_initializable<E> && requires(const E& event) {
      { event.token() } noexcept -> std::same_as<Token>;
      { event.is_readable() } noexcept -> std::same_as<bool>;
      { event.is_writable() } noexcept -> std::same_as<bool>;
      { event.is_read_closed() } noexcept -> std::same_as<bool>;
      { event.is_write_closed() } noexcept -> std::same_as<bool>;
      { event.is_error() } noexcept -> std::same_as<bool>;
      { event.is_priority() } noexcept -> std::same_as<bool>;
    };

/// Wakes a queue of backend B from any thread.
template <class W, class B>
concept BackendWaker = std::movable<W> && requires(B& queue, Token token, const W& waker) {
  { W::create(queue, token) } -> std::same_as<Result<W>>;
  { waker.wake() } noexcept -> std::same_as<Result<void>>;
};

/// A backend is a queue: the class that BasicPoll and its friends forward to, in one
/// namespace-level class per system. It keeps the promises of docs/contract.md. What its author
/// needs to know beyond them:
///
/// - `create` makes a queue with one owner, on the heap; it and `probe` report why the system
///   refuses, if it does. `probe` leaves nothing open.
/// - `wait` is called by one thread at a time, the others by any thread at any time, also while
///   another is inside `wait`. None throws, allocates without need, or aborts.
/// - `wait` gets a buffer of at least one event and returns how many it filled. No event of a
///   registration that ended before the call is among them. It resumes after a signal with what is
///   left of the time. It alone need not be noexcept: what blocks may be a cancellation point.
/// - The front end has checked that an interest is not empty, that an owned source is not in any
///   queue before `add`, and that it is in this one before `modify` and `remove`; it claims and
///   releases the slot. Every other check is the backend's, and reported by the call itself.
/// - In a source's `slot->state` the backend may keep what it likes from `add` until `remove`, the
///   hook `forget`, or a failed `add`. A slot can move, so its address is not to be kept.
/// - The hook `forget` ends a registration so that the handle can be closed when it returns: the
///   peer sees the end at once, and a reused handle number starts fresh.
/// - The hook `blocked` is for systems that must be asked again: a call in that direction met
///   would-block.
/// - A waker refers to its queue and does not own it. A wake after the last owner is gone does
///   nothing and succeeds.
template <class B>
concept Backend = std::derived_from<B, detail::Queue> && BackendEvent<typename B::Event> &&
                  BackendWaker<typename B::Waker, B> &&
                  requires(B& queue, std::span<typename B::Event> events,
                           std::optional<std::chrono::nanoseconds> timeout,
                           detail::SourceRef source, Token token, Interest interest, Mode mode) {
                    { B::name } -> std::convertible_to<std::string_view>;
                    { B::probe() } noexcept -> std::same_as<Result<void>>;
                    { B::create() } noexcept -> std::same_as<Result<detail::Owner<B>>>;
                    { queue.wait(events, timeout) } -> std::same_as<Result<std::size_t>>;
                    {
                      queue.add(source, token, interest, mode)
                    } noexcept -> std::same_as<Result<void>>;
                    {
                      queue.modify(source, token, interest, mode)
                    } noexcept -> std::same_as<Result<void>>;
                    { queue.remove(source) } noexcept -> std::same_as<Result<void>>;
                  };

}  // namespace evq
