#include "traffic.hpp"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

namespace evq::differential {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

/// No more datagrams than every system keeps.
constexpr std::size_t most_messages = 16;

}  // namespace

std::string Traffic::open(const Step& step) {
  const std::size_t channel = step.end / 2;
  if (model_.is_there(2 * channel) && model_.is_there(2 * channel + 1)) {
    return passed_over;
  }
  for (const std::size_t end : {2 * channel, 2 * channel + 1}) {
    close(end, false, Where::here);
    close(end, false, Where::here);
  }
  auto [first, second] = must(open_channel(step.medium), "opening a channel");
  ends_[2 * channel] = std::move(first);
  ends_[2 * channel + 1] = std::move(second);
  model_.opened(channel, step.medium);
  return "opened";
}

std::string Traffic::close(std::size_t end, bool keeps_duplicate, Where where) {
  auto& duplicate = duplicates_[end];
  if (!model_.is_there(end)) {
    return passed_over;
  }
  if (duplicate) {
    duplicate.reset();
    model_.closed(end);
    return "closed for good";
  }
  if (keeps_duplicate) {
    if (auto kept = test::duplicate_handle(ends_[end]->handle())) {
      duplicate.emplace(std::move(*kept));
    }
  }
  places_.run(where, [&] { ends_[end]->close(); });
  if (duplicate) {
    model_.kept(end);
  } else {
    model_.closed(end);
  }
  return "closed";
}

std::string Traffic::finish(std::size_t end) {
  const Medium medium = model_.medium(end);
  if (medium == Medium::udp || medium == Medium::pipe || !model_.is_open(end) ||
      model_.is_finished(end) || model_.is_broken(end)) {
    return passed_over;
  }
  must(ends_[end]->finish(), "shutdown");
  model_.finished(end);
  return "finished";
}

std::string Traffic::write(std::size_t end, std::size_t amount) {
  const bool is_message = model_.medium(end) == Medium::udp;
  if (!model_.can_write(end) ||
      (is_message && (!model_.is_there(end ^ 1) || model_.incoming(end ^ 1) >= most_messages))) {
    return passed_over;
  }
  if (!model_.is_there(end ^ 1) && model_.medium(end) != Medium::tcp) {
    wait_until_hung_up(end);
  }
  const std::vector<std::byte> bytes(amount);
  const auto written = ends_[end]->write(bytes);
  if (!model_.is_there(end ^ 1)) {
    model_.wrote_in_vain(end, written.has_value());
    return "written in vain";
  }
  if (model_.is_finished(end)) {
    if (written || would_block(written.error())) {
      throw Failure{"a write after the shutdown was not refused"};
    }
    return "refused";
  }
  if (!written && would_block(written.error()) && model_.state(end, writing) != State::yes) {
    model_.wrote(end, 0, true);
    return passed_over;
  }
  const bool is_certain = model_.state(end, writing) == State::yes;
  const std::size_t count = must(written, "a write");
  model_.wrote(end, is_message ? 1 : count, false);
  wait_for_arrival(end ^ 1);
  return is_certain ? "wrote " + std::to_string(count) : passed_over;
}

void Traffic::wait_until_hung_up(std::size_t end) {
  const auto give_up = steady_clock::now() + patience_;
  while (!test::is_hung_up(ends_[end]->handle())) {
    if (steady_clock::now() > give_up) {
      throw Failure{"the other end is closed, and there is no hang-up"};
    }
    std::this_thread::yield();
  }
}

std::string Traffic::fill(std::size_t end) {
  if (!model_.can_write(end) || model_.medium(end) == Medium::udp || !model_.is_there(end ^ 1) ||
      model_.is_finished(end) || model_.is_broken(end)) {
    return passed_over;
  }
  const std::vector<std::byte> bytes(65'536);
  while (true) {
    const auto written = ends_[end]->write(bytes);
    const bool is_blocked = !written && would_block(written.error());
    model_.wrote(end, is_blocked ? 0 : must(written, "a write"), is_blocked);
    if (is_blocked) {
      return "filled";
    }
  }
}

void Traffic::wait_for_arrival(std::size_t end) {
  const Medium medium = model_.medium(end);
  if (medium != Medium::tcp && medium != Medium::udp) {
    return;
  }
  // Of datagrams the system tells whether there are any.
  const std::size_t expected = medium == Medium::tcp ? model_.incoming(end) : 1;
  const auto give_up = steady_clock::now() + milliseconds(100);
  const auto handle = duplicates_[end] ? duplicates_[end]->get() : ends_[end]->handle();
  while (test::arrived_bytes(handle) < expected) {
    if (steady_clock::now() > give_up) {
      model_.arrives_slowly(end);
      return;
    }
    std::this_thread::yield();
  }
  if (medium == Medium::udp && model_.incoming(end) > 1) {
    model_.arrives_slowly(end);
  }
}

Result<std::size_t> Traffic::read_some(std::size_t end, std::size_t most) {
  std::vector<std::byte> buffer(model_.medium(end) == Medium::udp ? 4096 : most);
  const auto give_up = steady_clock::now() + patience_;
  while (true) {
    auto count = ends_[end]->read(buffer);
    if (count || !would_block(count.error())) {
      return count;
    }
    model_.read_blocked(end);
    const bool is_to_come = model_.incoming(end) != 0 || model_.is_at_end(end);
    if (!is_to_come || steady_clock::now() > give_up) {
      return count;
    }
    std::this_thread::yield();
  }
}

std::string Traffic::read(std::size_t end, std::size_t amount) {
  if (!model_.can_read(end) || model_.is_broken(end) || model_.incoming(end) == 0) {
    return drain(end);
  }
  const bool is_message = model_.medium(end) == Medium::udp;
  std::size_t left = std::min(is_message ? 1 : amount, model_.incoming(end));
  while (left != 0) {
    const std::size_t count = must(read_some(end, left), "reading what was written");
    if (count == 0) {
      throw Failure{"the stream ends before what was written"};
    }
    left -= is_message ? 1 : count;
    model_.was_read(end, is_message ? 1 : count);
  }
  return "read";
}

std::string Traffic::drain(std::size_t end) {
  if (!model_.can_read(end)) {
    return passed_over;
  }
  if (model_.is_broken(end)) {
    return read_broken(end);
  }
  while (model_.incoming(end) != 0) {
    read(end, std::min<std::size_t>(model_.incoming(end), 65'536));
  }
  const auto count = read_some(end, 1);
  if (!count && would_block(count.error()) && !model_.is_at_end(end)) {
    return "drained";
  }
  if (must(count, "reading the end of the stream") != 0 || !model_.is_at_end(end)) {
    throw Failure{"a read gave more than was written"};
  }
  model_.read_end(end);
  return "drained to the end";
}

std::string Traffic::read_broken(std::size_t end) {
  std::vector<std::byte> buffer(65'536);
  while (true) {
    const auto count = ends_[end]->read(buffer);
    if (!count || *count == 0) {
      model_.was_read(end, model_.incoming(end));
      return passed_over;
    }
  }
}

}  // namespace evq::differential
