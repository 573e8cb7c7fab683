// The file connector itself over files in memory: processes die between any two changes, zombies
// wake in the middle of them, the power goes, readers look at any moment or take files away.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/memory_file_system.h"
#include "checkpoint/publish/file_epoch_writer.h"
#include "tests/checkpoint/publish/job_world.h"
#include "tests/checkpoint/publish/watched_file_system.h"

namespace tributary::model {

class FileEdge final : public Edge {
 public:
  FileEdge(World& world, FileHazards hazards);

  void process_started(Process& process) override;
  void process_died(Process& process) override;
  void emit(Process& process, const Seen& record) override;
  void before_barrier(Process& process, Epoch epoch) override;
  void call(Process& process, const OwnerAction& action) override;
  std::uint64_t chaos(Random& random) override;
  void progress(Random& random) override;
  void mend() override {}
  Result<std::vector<std::vector<Seen>>> read_all() override;
  bool power_cut() override;
  bool refuses_earlier_rounds() const override { return true; }

 private:
  struct Local {
    std::shared_ptr<FileSystem> files;
    std::unique_ptr<FileConnector> connector;
    std::unique_ptr<FileEpochWriter> writer;
    std::uint64_t until_trouble = 0;  // changes; 0: none is coming
    std::set<std::string> written;    // folders of this epoch
  };
  FileConnector::Settings settings(std::uint32_t job) const;
  bool before_change(std::uint32_t process);
  // What the call gives is answered later, if the process is still there then.
  void blocking(Process& process, std::function<OwnerEvent(FileConnector&)> call);
  void look();

  World& world_;
  const FileHazards hazards_;
  const bool readers_take_;  // else the power goes
  std::shared_ptr<MemoryFileSystem> disk_;
  std::map<std::uint32_t, Local> locals_;          // by process
  std::map<std::string, std::string> seen_;        // what readers saw of each file
  std::multimap<std::string, std::string> taken_;  // and took away
  std::string partial_;                            // a file of which a part was seen
};

}  // namespace tributary::model
