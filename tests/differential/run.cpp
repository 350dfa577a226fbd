#include "run.hpp"

#include <algorithm>
#include <array>
#include <iostream>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "places.hpp"
#include "traffic.hpp"

namespace evq::differential {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

/// Room for all that there is.
constexpr std::size_t ample = 2 * end_count + waker_count;

std::string join(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& one : list) {
    text += (text.empty() ? "" : ", ") + one;
  }
  return text;
}

class Run {
 public:
  Run(const BackendEntry& backend, const Options& options)
      : backend_(backend), options_(options), traffic_(model_, places_, options.patience) {
    for (std::size_t queue = 0; queue < queue_count; ++queue) {
      restart(queue);
    }
  }

  std::string apply(const Step& step);
  /// Settles all, and looks whether then all is still.
  std::string finish();

 private:
  std::string change(const Step& step);
  std::string poll(const Step& step);
  std::string settle(const Step& step);
  void restart(std::size_t queue);

  /// That the thread of this step has to do with the queue, or with all of them.
  void note_thread(const Step& step);
  std::vector<Seen> poll_once(const Step& step, std::size_t capacity, nanoseconds timeout);

  const BackendEntry& backend_;
  const Options& options_;
  Model model_{backend_.leeway};
  Places places_;
  Traffic traffic_;
  /// Who polled last, if that thread is still there.
  std::array<std::optional<Where>, queue_count> poller_;
  // Closed before the sources.
  std::array<std::unique_ptr<Queue>, queue_count> queues_;
};

void Run::note_thread(const Step& step) {
  const bool is_poll = step.action == Action::poll || step.action == Action::settle;
  for (std::size_t queue = 0; queue < queue_count; ++queue) {
    if (step.action != Action::close && queue != step.queue) {
      continue;
    }
    if (backend_.leeway.repeats_edges && step.where != poller_[queue]) {
      model_.repeats(queue);
    }
    if (is_poll) {
      // Of two that pass by, neither is the other.
      poller_[queue] = step.where == Where::passing ? std::nullopt : std::optional(step.where);
    }
  }
}

std::string Run::apply(const Step& step) {
  if (step.action != Action::poll && step.action != Action::settle) {
    note_thread(step);
  }
  auto& end = traffic_.end(step.end);
  switch (step.action) {
    case Action::open:
      return traffic_.open(step);
    case Action::add:
    case Action::modify:
    case Action::remove:
      return end ? change(step) : passed_over;
    case Action::close:
      return traffic_.close(step.end, step.keeps_duplicate(), step.where);
    case Action::move:
      if (end) {
        end->move();
      }
      return "moved";
    case Action::write:
      return traffic_.write(step.end, step.amount);
    case Action::fill:
      return traffic_.fill(step.end);
    case Action::read:
      return traffic_.read(step.end, step.amount);
    case Action::drain:
      return traffic_.drain(step.end);
    case Action::finish:
      return traffic_.finish(step.end);
    case Action::poll:
      return poll(step);
    case Action::settle:
      return settle(step);
    case Action::wake:
      places_.run(step.where, [&] { must(queues_[step.queue]->wake(step.amount), "wake"); });
      model_.woken(step.queue, step.amount);
      return "woken";
    case Action::clone:
      places_.run(step.where, [&] { must(queues_[step.queue]->clone(), "try_clone"); });
      return "cloned";
    case Action::restart:
      restart(step.queue);
      return "restarted";
  }
  std::unreachable();
}

/// What is waited for on a pipe is what its end is for, and only TCP has priority data.
Step fitted(Step step, Medium medium) {
  if (!step.interest.is_empty() && medium == Medium::pipe) {
    step.interest = step.end % 2 == 0 ? Interest::writable : Interest::readable;
  } else if (!step.interest.is_empty() && medium != Medium::tcp) {
    step.interest -= Interest::priority;
    step.interest = step.interest.is_empty() ? Interest::readable : step.interest;
  }
  return step;
}

std::string Run::change(const Step& drawn) {
  const Step step = fitted(drawn, model_.medium(drawn.end));
  Queue& queue = *queues_[step.queue];
  End& end = *traffic_.end(step.end);
  const bool is_add = step.action == Action::add;
  const bool is_remove = step.action == Action::remove;
  Result<void> result;
  places_.run(step.where, [&] {
    if (is_add) {
      result = queue.add(end, step);
    } else if (is_remove) {
      result = queue.remove(end, step);
    } else {
      result = queue.modify(end, step);
    }
  });
  const std::error_code got = result ? std::error_code() : result.error();
  if (backend_.leeway.refuses_priority && step.interest.is_priority() && !is_remove &&
      got == std::errc::operation_not_supported) {
    return got.message();
  }
  std::errc expected = Model::success;
  if (is_add) {
    expected = model_.add(step);
  } else if (is_remove) {
    expected = model_.remove(step);
  } else {
    expected = model_.modify(step);
  }
  const std::error_code wanted =
      expected == Model::success ? std::error_code() : std::make_error_code(expected);
  if (wanted ? got != expected : bool(got)) {
    throw Failure{"the call says \"" + got.message() + "\" and not \"" + wanted.message() + "\""};
  }
  return wanted.message();
}

std::vector<Seen> Run::poll_once(const Step& step, std::size_t capacity, nanoseconds timeout) {
  note_thread(step);
  std::vector<Seen> events;
  places_.run(step.where,
              [&] { events = must(queues_[step.queue]->poll(capacity, timeout), "poll"); });
  if (events.size() > capacity) {
    throw Failure{"a poll gave more events than there is room for"};
  }
  model_.begin_poll(step.queue);
  for (const Seen& event : events) {
    if (options_.is_verbose) {
      std::cout << "    " << describe(event) << '\n';
    }
    if (const std::string wrong = model_.report(step.queue, event); !wrong.empty()) {
      throw Failure{wrong};
    }
  }
  return events;
}

std::string Run::poll(const Step& step) {
  model_.begin_round(step.queue);
  model_.allow_choice(step.queue, true);
  const auto owed = model_.owed(step.queue);
  const auto timeout = owed.empty() ? nanoseconds(0) : nanoseconds(options_.patience);
  if (poll_once(step, step.amount, timeout).empty() && !owed.empty()) {
    throw Failure{"a poll waits in vain for: " + join(owed)};
  }
  return passed_over;
}

std::string Run::settle(const Step& step) {
  model_.begin_round(step.queue);
  model_.allow_choice(step.queue, false);
  // Each may come in two halves, and before it others twice. What is still on its way to a socket
  // is given time, each time more.
  const std::size_t bound = 4 * (model_.registered(step.queue) + waker_count) / step.amount + 4;
  const auto give_up = steady_clock::now() + options_.patience;
  milliseconds pause(1);
  for (std::size_t polls = 1; !model_.owed(step.queue).empty(); ++polls) {
    if (polls % bound == 0) {
      if (steady_clock::now() > give_up) {
        throw Failure{"in " + std::to_string(bound) +
                      " polls there is no event for: " + join(model_.owed(step.queue))};
      }
      std::this_thread::sleep_for(pause);
      pause = std::min(2 * pause, milliseconds(200));
    }
    poll_once(step, step.amount, nanoseconds(0));
  }
  // Now everything has arrived, and each level is in each poll.
  model_.begin_round(step.queue);
  std::set<std::string> levels;
  for (const Seen& event : poll_once(step, ample, nanoseconds(0))) {
    levels.merge(model_.levels(step.queue, event));
  }
  if (const auto owed = model_.owed(step.queue); !owed.empty()) {
    throw Failure{"a poll with room for all leaves out: " + join(owed)};
  }
  return "settled; levels: " + join({levels.begin(), levels.end()});
}

void Run::restart(std::size_t queue) {
  queues_[queue].reset();
  model_.restarted(queue);
  queues_[queue] = must(backend_.open(queue), "create");
}

std::string Run::finish() {
  std::string text;
  for (std::size_t queue = 0; queue < queue_count; ++queue) {
    Step step;
    step.action = Action::settle;
    step.queue = queue;
    step.amount = ample;
    text += settle(step) + ". ";
    // Levels come again and end the wait.
    poll_once(step, ample, milliseconds(1));
  }
  return text;
}

}  // namespace

Outcome run(const BackendEntry& backend, const std::vector<Step>& steps, const Options& options) {
  Outcome outcome;
  std::string where;
  try {
    where = "before the first step";
    Run sequence(backend, options);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      where = "step " + std::to_string(i + 1) + " (" + describe(steps[i]) + ")";
      if (options.is_verbose) {
        std::cout << i + 1 << ' ' << describe(steps[i]) << '\n' << std::flush;
      }
      outcome.observations.push_back(sequence.apply(steps[i]));
      if (options.is_verbose) {
        std::cout << "    " << outcome.observations.back() << '\n';
      }
    }
    where = "at the end";
    outcome.observations.push_back(sequence.finish());
  } catch (const Failure& failure) {
    outcome.failure = backend.name + ", " + where + ": " + failure.text;
  }
  return outcome;
}

}  // namespace evq::differential
