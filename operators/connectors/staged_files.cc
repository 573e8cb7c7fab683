#include "operators/connectors/staged_files.h"

#include <algorithm>
#include <utility>

namespace tributary {

StagedFiles::StagedFiles(const FileConnector::Settings& settings, std::string_view suffix,
                         std::shared_ptr<FileSystem> files, std::uint32_t tasks,
                         StagedOutput& output, std::function<void()> on_failure)
    : settings_(settings),
      files_(std::move(files)),
      tasks_(tasks),
      output_(output),
      on_failure_(std::move(on_failure)),
      writer_(settings, output.number(), output.round(), std::string(suffix), files_) {}

void StagedFiles::end_epoch(Epoch epoch) {
  if (stopped_) return;
  ending_.push_back({writer_.end_epoch(epoch)});
  // What its files lacked went with the epoch.
  write_failed_ = false;
  if (ending_.back().files->empty())
    ending_.back().state = State::kClosed;
  else
    close(ending_.back());
  // A task that is finished has no other occasion.
  retry();
  stage_closed();
  if (!swept_ && output_.earlier_rounds_are_over()) sweep();
}

void StagedFiles::close(Ending& ending) {
  ending.state = State::kClosing;
  output_.io().submit([this, files = ending.files] {
    return [this, files, result = files->close()] { closed(files.get(), result); };
  });
}

void StagedFiles::closed(const EndedEpoch* files, Result<std::vector<EndedEpoch::Staged>> result) {
  const auto found = std::ranges::find_if(
      ending_, [&](const Ending& ending) { return ending.files.get() == files; });
  if (stopped_ || found == ending_.end()) return;
  if (!result) {
    if (files->lost()) return stop(files->epoch(), std::move(result).error());
    found->state = State::kFailed;
    output_.held(std::move(result).error());
    return on_failure_();
  }
  found->state = State::kClosed;
  found->staged = *std::move(result);
  if (!blocked()) output_.held({});
  stage_closed();
}

void StagedFiles::stage_closed() {
  while (!ending_.empty() && ending_.front().state == State::kClosed) {
    const Ending ending = std::move(ending_.front());
    ending_.pop_front();
    const Epoch epoch = ending.files->epoch();
    for (const EndedEpoch::Staged& file : ending.staged) {
      const std::string value = encode_staged_file(file.file);
      if (Status added = output_.add({.destination = file.path, .value = value}); !added)
        return stop(epoch, std::move(added).error());
    }
    output_.close_epoch(epoch);
  }
}

void StagedFiles::stop(Epoch epoch, Error error) {
  stopped_ = true;
  output_.fail_epoch(epoch, std::move(error));
}

bool StagedFiles::blocked() const {
  return write_failed_ || stopped_ || std::ranges::any_of(ending_, [](const Ending& ending) {
           return ending.state == State::kFailed;
         });
}

void StagedFiles::write_failed(Error error) {
  write_failed_ = true;
  output_.held(std::move(error));
  on_failure_();
}

void StagedFiles::retry() {
  if (!blocked() || stopped_) return;
  for (Ending& ending : ending_) {
    if (ending.state == State::kFailed) close(ending);
  }
  if (write_failed_) {
    if (Status written = writer_.files().write_all(); !written)
      return write_failed(std::move(written).error());
    write_failed_ = false;
  }
  if (!blocked() && ending_.empty()) output_.held({});
}

// Of the numbers that this task owns: its own and those that it inherits. Not at the start: a
// staged unit that is still to be published names files of earlier rounds. Once everything
// inherited is out nobody needs them: a zombie's complete epochs are all among what is out, its
// others can never complete, and what it writes meanwhile it writes for nobody.
void StagedFiles::sweep() {
  swept_ = true;
  output_.io().submit([settings = settings_, files = files_, number = output_.number().value,
                       numbers = settings_.numbers, step = tasks_, round = output_.round()] {
    // What stays is removed in the next round.
    for (std::uint32_t k = number; k < numbers; k += step)
      (void)remove_staged_before(*files, settings, {k}, round);
    return TaskIo::Answer();
  });
}

}  // namespace tributary
