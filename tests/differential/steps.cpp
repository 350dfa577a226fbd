#include "steps.hpp"

#include <array>
#include <random>
#include <utility>

namespace evq::differential {

namespace {

/// How often each action is drawn. Settling is rare enough for events to pile up before it.
constexpr std::array<std::pair<Action, std::size_t>, 16> weights{{
    {Action::open, 10},
    {Action::add, 22},
    {Action::modify, 12},
    {Action::remove, 3},
    {Action::close, 4},
    {Action::move, 2},
    {Action::write, 18},
    {Action::fill, 2},
    {Action::read, 8},
    {Action::drain, 14},
    {Action::finish, 1},
    {Action::poll, 14},
    {Action::settle, 10},
    {Action::wake, 4},
    {Action::clone, 1},
    {Action::restart, 1},
}};

/// The standard says what an engine gives for a seed, and not what its distributions make of it.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : engine_(seed) {}

  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(engine_() % bound); }

  template <class T, std::size_t Size>
  T one_of(const std::array<T, Size>& values) {
    return values[below(Size)];
  }

  Action action() {
    std::size_t total = 0;
    for (const auto& [action, weight] : weights) {
      total += weight;
    }
    std::size_t drawn = below(total);
    for (const auto& [action, weight] : weights) {
      if (drawn < weight) {
        return action;
      }
      drawn -= weight;
    }
    std::unreachable();
  }

 private:
  std::mt19937_64 engine_;
};

#ifdef _WIN32
constexpr std::array media{Medium::tcp, Medium::udp};
#else
constexpr std::array media{Medium::tcp, Medium::udp, Medium::local, Medium::pipe};
#endif
constexpr std::array modes{Mode::edge, Mode::edge, Mode::level, Mode::oneshot};
constexpr std::array places{Where::here, Where::here, Where::here, Where::helper, Where::passing};
// Now and then one that is refused, and one that is never true of what is sent here.
constexpr std::array interests{
    Interest::readable, Interest::readable,
    Interest::writable, Interest::readable | Interest::writable,
    Interest::readable, Interest::readable | Interest::writable,
    Interest::writable, Interest::readable | Interest::priority,
    Interest::priority, Interest{},
};
constexpr std::array<std::size_t, 5> capacities{1, 2, 3, 5, 64};

std::size_t amount_for(Action action, Draw& draw) {
  switch (action) {
    case Action::poll:
    case Action::settle:
      return draw.one_of(capacities);
    case Action::wake:
      return draw.below(waker_count);
    default:
      return 1 + draw.below(2000);
  }
}

std::string interest_text(Interest interest) {
  std::string text;
  const auto append = [&text](bool holds, const char* name) {
    if (holds) {
      text += text.empty() ? name : std::string("|") + name;
    }
  };
  append(interest.is_readable(), "readable");
  append(interest.is_writable(), "writable");
  append(interest.is_priority(), "priority");
  return text.empty() ? "nothing" : text;
}

constexpr std::array medium_names{"tcp", "udp", "unix", "pipe"};
constexpr std::array mode_names{"edge", "level", "oneshot"};
constexpr std::array place_names{"", " from the helper", " from a passing thread"};

}  // namespace

std::vector<Step> make_steps(std::uint64_t seed, std::size_t count) {
  Draw draw(seed);
  std::vector<Step> steps;
  const bool has_threads = draw.below(2) == 0;
  std::size_t channel = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Step step;
    step.action = i < channel_count ? Action::open : draw.action();
    // Now one and then another, so that things happen to each in a row.
    if (i < channel_count || draw.below(3) == 0) {
      channel = i < channel_count ? i : draw.below(channel_count);
    }
    step.where = has_threads ? draw.one_of(places) : Where::here;
    step.medium = draw.one_of(media);
    step.mode = draw.one_of(modes);
    step.interest = draw.one_of(interests);
    step.end = 2 * channel + draw.below(2);
    step.queue = draw.below(10) == 0 ? 1 : 0;
    step.amount = amount_for(step.action, draw);
    // A new one, or one that stands for the end and comes back with each registration of it.
    step.token = {draw.below(4) == 0 ? 1'000'000 + step.end : i};
    steps.push_back(step);
  }
  return steps;
}

std::string describe(const Step& step) {
  const std::string end = " end " + std::to_string(step.end);
  const std::string queue = " queue " + std::to_string(step.queue);
  const std::string amount = std::to_string(step.amount);
  const std::string place = place_names[static_cast<std::size_t>(step.where)];
  const std::string registration = " as " + std::to_string(step.token.value) + ", " +
                                   interest_text(step.interest) + ", " +
                                   mode_names[static_cast<std::size_t>(step.mode)];
  switch (step.action) {
    case Action::open:
      return std::string("open ") + medium_names[static_cast<std::size_t>(step.medium)] + " ends " +
             std::to_string(step.end & ~std::size_t{1}) + " and " + std::to_string(step.end | 1);
    case Action::add:
      return "add" + end + " to" + queue + registration + place;
    case Action::modify:
      return "modify" + end + " in" + queue + registration + place;
    case Action::remove:
      return "remove" + end + " from" + queue + place;
    case Action::close:
      return "close" + end + place + (step.keeps_duplicate() ? ", and keep a duplicate" : "");
    case Action::move:
      return "move" + end + " to another place";
    case Action::write:
      return "write " + amount + " to" + end;
    case Action::fill:
      return "fill" + end;
    case Action::read:
      return "read " + amount + " from" + end;
    case Action::drain:
      return "drain" + end;
    case Action::finish:
      return "finish" + end;
    case Action::poll:
      return "poll" + queue + " with room for " + amount + place;
    case Action::settle:
      return "settle" + queue + " with room for " + amount + place;
    case Action::wake:
      return "wake" + queue + " with waker " + amount + place;
    case Action::clone:
      return "clone the registry of" + queue + place;
    case Action::restart:
      return "restart" + queue;
  }
  std::unreachable();
}

}  // namespace evq::differential
