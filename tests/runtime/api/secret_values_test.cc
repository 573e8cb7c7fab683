#include "runtime/api/secret_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/excerpt.h"

namespace tributary {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

SecretValues values(std::initializer_list<std::string_view> texts) {
  SecretValues made;
  for (const std::string_view text : texts) made.add(text);
  return made;
}

TEST(SecretValues, AreTakenOutWhereverTheyStand) {
  const SecretValues secrets = values({"hunter2", "tr0ub4dor"});
  EXPECT_EQ(secrets.redact("hunter2"), "(secret)");
  EXPECT_EQ(secrets.redact("a hunter2b hunter2, tr0ub4dor"), "a (secret)b (secret), (secret)");
  EXPECT_EQ(secrets.redact("hunter1 and hunter"), "hunter1 and hunter");
  EXPECT_EQ(secrets.redact(""), "");
}

TEST(SecretValues, AreFoundWhereOneIsPartOfAnother) {
  const SecretValues secrets = values({"hunter2", "hunter2-and-more"});
  EXPECT_EQ(secrets.redact("hunter2-and-more hunter2"), "(secret) (secret)");
}

// Whoever quotes a value cuts it after 64 bytes and shows line ends as '?'.
TEST(SecretValues, AreFoundWhereAMessageHasCutThem) {
  const std::string key = "-----BEGIN KEY-----\n" + std::string(100, 'k') + "\nend";
  const SecretValues secrets = values({key});
  EXPECT_EQ(secrets.redact("got " + excerpt(key)), "got '(secret)…'");
  EXPECT_EQ(secrets.redact("got " + key), "got (secret)");
  EXPECT_THAT(secrets.redact("got " + excerpt("password " + key)), Not(HasSubstr("kkk")));
}

TEST(SecretValues, LeaveAloneWhatIsTooShortToBeLookedFor) {
  EXPECT_EQ(values({"", "1", "on"}).redact("1 on 1"), "1 on 1");
}

TEST(SecretValues, AreTakenOutOfBothTextsOfAnError) {
  const Error error = values({"hunter2"})
                          .redact(Error(ErrorCode::F101, "reading /data/hunter2: no such file",
                                        "ls /data/hunter2"));
  EXPECT_EQ(error.code(), ErrorCode::F101);
  EXPECT_EQ(error.what(), "reading /data/(secret): no such file");
  EXPECT_EQ(error.fix(), "ls /data/(secret)");
}

graph::JobGraph graph_with(const std::string& name, const std::string& path) {
  graph::JobGraph graph;
  graph::Vertex& vertex = *graph.add_vertices();
  vertex.set_name(name);
  (*vertex.mutable_properties())["path"] = path;
  return graph;
}

TEST(SecretValues, AreTakenOutOfWhatAGraphShows) {
  const auto shown = values({"hunter2"}).redact(graph_with("charges", "/data/hunter2/in"));
  ASSERT_TRUE(shown.has_value());
  EXPECT_EQ(shown->vertices(0).properties().at("path"), "/data/(secret)/in");
}

TEST(SecretValues, MayNotBeInTheNameOfAnOperator) {
  const auto shown = values({"hunter2"}).redact(graph_with("charges-hunter2", "in"));
  ASSERT_FALSE(shown.has_value());
  EXPECT_EQ(shown.error().code(), ErrorCode::C104);
  EXPECT_THAT(shown.error().to_string(), Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace tributary
