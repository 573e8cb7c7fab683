#include "runtime/graph/folder_check.h"

#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runtime/graph/graph_builder.h"

namespace tributary::graph {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> collisions(const std::string& source,
                                    const std::vector<std::string>& sinks) {
  GraphBuilder job;
  const auto in = job.source("in");
  (*job.vertex(in).mutable_properties())["path"] = source;
  for (const std::string& path : sinks) {
    const auto sink = job.sink("sink-" + std::to_string(job.graph.vertices_size()));
    (*job.vertex(sink).mutable_properties())["output"] = path;
    job.edge(in, sink);
  }
  std::vector<Error> errors;
  check_folders(job.graph, errors);
  std::vector<std::string> texts;
  for (const Error& error : errors) {
    EXPECT_EQ(error.code(), ErrorCode::G318);
    texts.push_back(error.what());
  }
  return texts;
}

TEST(FolderCheck, RefusesTwoSinksInOneFolderHoweverItIsWritten) {
  for (const char* other : {"out", "./out/", "out//", "x/../out", "out/./."}) {
    EXPECT_THAT(collisions("in", {"out", other}),
                ElementsAre(HasSubstr("sinks \"sink-1\" (job.cc:11) and \"sink-2\"")))
        << other;
  }
}

TEST(FolderCheck, RefusesASinkBelowAnother) {
  EXPECT_THAT(collisions("in", {"out", "out/dead"}), ElementsAre(HasSubstr("out and out/dead")));
  EXPECT_THAT(collisions("in", {"out/dead/a", "out"}),
              ElementsAre(HasSubstr("out/dead/a and out")));
  EXPECT_THAT(collisions("/in", {".", "out"}), ElementsAre(HasSubstr(". and out")));
  EXPECT_THAT(collisions("in", {"/", "/out"}), ElementsAre(HasSubstr("/ and /out")));
}

TEST(FolderCheck, NamesThatOnlyBeginAlikeAreDifferentFolders) {
  EXPECT_THAT(collisions("in", {"out", "out-2", "outer/x", "../out"}), IsEmpty());
}

TEST(FolderCheck, RefusesASinkThatWritesWhereASourceReads) {
  EXPECT_THAT(collisions("data", {"data/"}),
              ElementsAre(HasSubstr("writes where source \"in\" (job.cc:10) reads")));
  EXPECT_THAT(collisions("data/tenant=acme", {"data"}), ElementsAre(HasSubstr("writes where")));
  EXPECT_THAT(collisions("data/part-0.jsonl", {"data"}), ElementsAre(HasSubstr("writes where")));
}

TEST(FolderCheck, ASinkBelowASourcesFolderIsNotRead) {
  EXPECT_THAT(collisions("data", {"data/out"}), IsEmpty());
}

TEST(FolderCheck, WritesAPathPlainly) {
  for (const auto& [written, plain] : {std::pair{"./a//x/../b/", "a/b"},
                                       {"", "."},
                                       {"./", "."},
                                       {"/..//a", "/a"},
                                       {"../../a", "../../a"},
                                       {"a/../..", ".."},
                                       {"/", "/"}}) {
    EXPECT_EQ(plain_path(written), plain) << written;
  }
}

}  // namespace
}  // namespace tributary::graph
