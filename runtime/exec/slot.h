// runtime/exec/slot.h
// A slot is one thread's work: the tasks placed on it (one of every stage that is as wide as the
// job), the rings from and to the other slots, and the commands of the control plane. One step
// gives each task a slice.
//
// Thread: step() by the executor, one at a time; post() by anyone. No lock on the record path; the
// command list has one, looked at only when its flag is up.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/spsc_ring.h"
#include "runtime/exec/task.h"

namespace tributary {

// What travels from slot to slot of one process: the frame's identity beside the batch itself.
struct InProcessFrame {
  FrameHeader header;
  Channel* channel = nullptr;
  Batch* batch = nullptr;
};

// From one slot to another: frames, and the batches that come home.
struct SlotLink {
  SlotLink(std::uint32_t from_slot, std::uint32_t to_slot, std::size_t capacity)
      : from(from_slot), to(to_slot), frames(capacity), returns(capacity) {}
  ~SlotLink();

  std::uint32_t from;
  std::uint32_t to;
  SpscRing<InProcessFrame> frames;  // pushed by `from`
  BatchRing returns;                // pushed by `to`
};

class Slot final : public Runnable, public ChannelTransport {
 public:
  struct Options {
    std::uint32_t index = 0;
    std::uint32_t slot_count = 1;
    Duration slice = milliseconds(1);
    const Clock* clock = nullptr;
  };
  explicit Slot(Options options)
      : options_(options), credited_(options.slot_count), touched_(options.slot_count) {}
  ~Slot() override;

  // ---- while the job is built, before the first step ----
  BatchPool& pool() { return pool_; }
  void add_task(std::unique_ptr<Task> task) { tasks_.push_back(std::move(task)); }
  void add_incoming(SlotLink& link);
  void add_outgoing(SlotLink& link);
  // The transport index of a channel that this slot's tasks send on.
  std::uint32_t add_channel(Channel& channel, std::uint32_t to_slot);
  // After all slots are spawned, before the first command.
  void set_wakers(std::vector<Waker*> by_slot) { wakers_ = std::move(by_slot); }

  // When the job is torn down: tasks hold batches of this slot's pool and use channels.
  void clear_tasks() { tasks_.clear(); }

  // ---- any thread ----
  // Runs `command` in a later step, in order; then wakes the slot. Commands see the slot's tasks.
  void post(std::function<void(Slot&)> command);

  // Asks for a step.
  void wake() { wakers_[options_.index]->wake(); }

  // ---- this slot's thread ----
  StepResult step() override;
  Task* find(const TaskId& id);
  const std::vector<std::unique_ptr<Task>>& tasks() const { return tasks_; }
  // No step after this one.
  void leave() { leaving_ = true; }

  // ChannelTransport
  void send(std::uint32_t channel, const FrameHeader& header, BatchPtr batch) override;
  void notify(std::uint32_t channel) override;
  bool is_local(std::uint32_t channel) const override {
    return channels_[channel].to == options_.index;
  }

 private:
  struct Outgoing {
    Channel* channel = nullptr;
    std::uint32_t to = 0;
  };
  bool run_commands();
  bool receive();

  const Options options_;
  BatchPool pool_;
  std::vector<std::unique_ptr<Task>> tasks_;
  std::vector<SlotLink*> incoming_;
  std::vector<SlotLink*> outgoing_;  // by slot; null for this one
  std::vector<Outgoing> channels_;
  std::vector<Waker*> wakers_;
  std::vector<bool> credited_;  // slots that got credit back in this step
  std::vector<bool> touched_;   // slots that got a frame or a control event in this step
  bool leaving_ = false;

  std::atomic<bool> has_commands_{false};
  std::mutex commands_mutex_;
  std::vector<std::function<void(Slot&)>> commands_;  // guarded by commands_mutex_
};

}  // namespace tributary
