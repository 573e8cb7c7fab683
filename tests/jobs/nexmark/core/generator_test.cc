// The generator against the benchmark's proportions and sizes, and its own promise: event n is a
// function of n and the seed.
#include "jobs/nexmark/core/generator.h"

#include <array>
#include <cmath>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "jobs/nexmark/core/event_log.h"

namespace tributary::nexmark {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;

constexpr std::uint64_t kEvents = 100'000;

const Generator& plain() {
  static const Generator generator({});
  return generator;
}
const EventLog& log() {
  static const EventLog log(plain(), kEvents);
  return log;
}

template <typename F>
void for_each_bid(const F& f) {
  for (std::uint64_t n = 0; n < kEvents; ++n) {
    if (const Event event = log().event(n); event.bid) f(n, *event.bid);
  }
}
template <typename F>
void for_each_auction(const F& f) {
  for (std::uint64_t n = 0; n < kEvents; ++n) {
    if (const Event event = log().event(n); event.auction) f(n, *event.auction);
  }
}
template <typename F>
void for_each_person(const F& f) {
  for (std::uint64_t n = 0; n < kEvents; ++n) {
    if (const Event event = log().event(n); event.person) f(n, *event.person);
  }
}

double share(std::uint64_t part, std::uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

// What the benchmark calls the last auction and person, counted from 0.
std::int64_t last_auction(std::uint64_t n) {
  const auto cycle = static_cast<std::int64_t>(n / 50);
  switch (n % 50) {
    case 0:
      return cycle * 3 - 1;
    case 1:
      return cycle * 3;
    case 2:
      return cycle * 3 + 1;
    default:
      return cycle * 3 + 2;
  }
}
std::int64_t last_person(std::uint64_t n) { return static_cast<std::int64_t>(n / 50); }

TEST(Generator, MakesOnePersonThreeAuctionsAndFortySixBidsOfFifty) {
  std::map<EventType, std::uint64_t> counts;
  for (std::uint64_t n = 0; n < kEvents; ++n) {
    const Event event = log().event(n);
    ++counts[event.type];
    EXPECT_EQ(event.person.has_value(), n % 50 == 0);
    EXPECT_EQ(event.auction.has_value(), n % 50 >= 1 && n % 50 <= 3);
    EXPECT_EQ(event.bid.has_value(), n % 50 >= 4);
  }
  EXPECT_EQ(counts[EventType::kPerson], kEvents / 50);
  EXPECT_EQ(counts[EventType::kAuction], kEvents / 50 * 3);
  EXPECT_EQ(counts[EventType::kBid], kEvents / 50 * 46);
}

TEST(Generator, MakesAnEventOfItsNumberAndTheSeedAlone) {
  const Generator same({.seed = 7});
  const Generator again({.seed = 7});
  const Generator other({.seed = 8});
  Arena arena;
  std::uint64_t differing = 0;
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    const std::uint64_t n = i * 617 % 1'000;  // in another order
    const Event event = same.event(n, arena);
    EXPECT_EQ(event, again.event(n, arena));
    differing += event == other.event(n, arena) ? 0 : 1;
  }
  EXPECT_EQ(differing, 1'000u);
}

// Frozen: numbers measured before and after a change of the generator could not be compared.
TEST(Generator, MakesTheSameEventsInEveryRelease) {
  std::ostringstream text;
  for (std::uint64_t n = 0; n < 1'000; ++n) text << log().event(n) << '\n';
  EXPECT_EQ(xxh3_64(text.str()), 3'532'437'187'170'359'444u);
  std::ostringstream bid;
  bid << *log().event(4).bid;
  EXPECT_EQ(
      bid.str(),
      R"({"auction":1000,"bidder":1001,"price":17176,"channel":"channel-9213","url":"https://www.nexmark.com/uhel/tkqc/cxu_/item.htm?query=1&channel_id=2138626996","date_time":"2026-01-01T00:00:00Z","extra":"tlglvtdrcuziqjrulasjhuwqjijxbdgmkucnyltwfhotkypqupusmuedxlxiijxqnzofwdiagelre"})");
}

TEST(Generator, NumbersPersonsAndAuctionsFromAThousandOn) {
  std::int64_t next_person = 1'000;
  std::int64_t next_auction = 1'000;
  for_each_person([&](std::uint64_t n, const Person& person) {
    EXPECT_EQ(person.id, next_person++);
    EXPECT_EQ(person.id, 1'000 + static_cast<std::int64_t>(n / 50));
  });
  for_each_auction(
      [&](std::uint64_t, const Auction& auction) { EXPECT_EQ(auction.id, next_auction++); });
}

TEST(Generator, SendsHalfOfTheBidsToTheHotAuction) {
  std::uint64_t bids = 0;
  std::uint64_t hot = 0;
  for_each_bid([&](std::uint64_t n, const Bid& bid) {
    ++bids;
    const std::int64_t last = last_auction(n);
    if (bid.auction == 1'000 + last / 100 * 100) {
      ++hot;
    } else {
      EXPECT_THAT(bid.auction - 1'000,
                  AllOf(Ge(std::max<std::int64_t>(last - 100, 0)), Le(last + 10)));
    }
  });
  EXPECT_NEAR(share(hot, bids), 0.5 + 0.5 / 111, 0.01);
}

TEST(Generator, HasThreeOfFourBidsFromTheHotBidder) {
  std::uint64_t bids = 0;
  std::uint64_t hot = 0;
  for_each_bid([&](std::uint64_t n, const Bid& bid) {
    ++bids;
    const std::int64_t last = last_person(n);
    if (bid.bidder == 1'000 + last / 100 * 100 + 1) {
      ++hot;
    } else {
      EXPECT_THAT(bid.bidder - 1'000,
                  AllOf(Ge(std::max<std::int64_t>(last - 999, 0)), Le(last + 10)));
    }
  });
  EXPECT_NEAR(share(hot, bids), 0.75, 0.01);
}

TEST(Generator, HasThreeOfFourAuctionsFromTheHotSeller) {
  std::uint64_t auctions = 0;
  std::uint64_t hot = 0;
  for_each_auction([&](std::uint64_t n, const Auction& auction) {
    ++auctions;
    const std::int64_t last = last_person(n);
    if (auction.seller == 1'000 + last / 100 * 100) {
      ++hot;
    } else {
      EXPECT_THAT(auction.seller - 1'000,
                  AllOf(Ge(std::max<std::int64_t>(last - 999, 0)), Le(last + 10)));
    }
  });
  EXPECT_NEAR(share(hot, auctions), 0.75, 0.02);
}

TEST(Generator, DrawsPricesLogUniformlyFromAHundredToTenToTheEighth) {
  std::array<std::uint64_t, 6> decades{};
  std::uint64_t bids = 0;
  for_each_bid([&](std::uint64_t, const Bid& bid) {
    ++bids;
    ASSERT_THAT(bid.price, AllOf(Ge(100), Le(100'000'000)));
    const int decade = static_cast<int>(std::log10(static_cast<double>(bid.price))) - 2;
    ++decades[static_cast<std::size_t>(std::min(decade, 5))];
  });
  for (const std::uint64_t count : decades) EXPECT_NEAR(share(count, bids), 1.0 / 6, 0.01);
}

TEST(Generator, PadsRowsToTheirMeanSizeTwentyPercentMoreOrLess) {
  std::uint64_t bids = 0;
  std::uint64_t bid_bytes = 0;
  for_each_bid([&](std::uint64_t, const Bid& bid) {
    ++bids;
    bid_bytes += 32 + bid.extra.size();
    ASSERT_THAT(bid.extra.size(), AllOf(Ge(54u), Le(82u)));
  });
  EXPECT_NEAR(share(bid_bytes, bids), 100, 1);
  std::uint64_t persons = 0;
  std::uint64_t person_bytes = 0;
  for_each_person([&](std::uint64_t, const Person& person) {
    ++persons;
    person_bytes += 8 + person.name.size() + person.email_address.size() +
                    person.credit_card.size() + person.city.size() + person.state.size() +
                    person.extra.size();
  });
  EXPECT_NEAR(share(person_bytes, persons), 200, 2);
  std::uint64_t auctions = 0;
  std::uint64_t auction_bytes = 0;
  for_each_auction([&](std::uint64_t, const Auction& auction) {
    ++auctions;
    auction_bytes +=
        48 + auction.item_name.size() + auction.description.size() + auction.extra.size();
  });
  EXPECT_NEAR(share(auction_bytes, auctions), 500, 5);
}

TEST(Generator, PadsWithAllLettersAlike) {
  std::map<char, std::uint64_t> counts;
  std::uint64_t letters = 0;
  for_each_bid([&](std::uint64_t, const Bid& bid) {
    for (const char letter : bid.extra.view()) ++counts[letter];
    letters += bid.extra.size();
  });
  EXPECT_EQ(counts.size(), 26u);
  for (const auto& [letter, count] : counts) {
    EXPECT_THAT(letter, AllOf(Ge('a'), Le('z')));
    EXPECT_NEAR(share(count, letters), 1.0 / 26, 0.001) << letter;
  }
}

TEST(Generator, GivesHalfOfTheBidsAHotChannelAndMostOthersAnIdInTheUrl) {
  static const std::set<std::string> kHot = {"Google", "Facebook", "Baidu", "Apple"};
  std::uint64_t bids = 0;
  std::uint64_t hot = 0;
  std::uint64_t with_id = 0;
  std::map<std::string, std::string> urls;
  for_each_bid([&](std::uint64_t, const Bid& bid) {
    ++bids;
    const std::string channel = bid.channel.str();
    const std::string url = bid.url.str();
    EXPECT_EQ(urls.try_emplace(channel, url).first->second, url);
    EXPECT_TRUE(url.starts_with("https://www.nexmark.com/")) << url;
    EXPECT_THAT(url, HasSubstr("/item.htm?query=1"));
    const bool has_id = url.find("&channel_id=") != std::string::npos;
    if (kHot.contains(channel)) {
      ++hot;
      EXPECT_FALSE(has_id);
    } else {
      EXPECT_TRUE(channel.starts_with("channel-"));
      with_id += has_id ? 1 : 0;
    }
  });
  EXPECT_NEAR(share(hot, bids), 0.5, 0.01);
  EXPECT_NEAR(share(with_id, bids - hot), 0.9, 0.01);
  EXPECT_GT(urls.size(), 9'800u);
}

TEST(Generator, MovesEventTimeByTheRateInWholeMilliseconds) {
  const Timestamp base{1'767'225'600'000'000};
  for (const std::uint64_t n : {0ULL, 99ULL, 100ULL, 12'345ULL})
    EXPECT_EQ(time_of(log().event(n)), base + milliseconds(static_cast<std::int64_t>(n / 100)));
  const Generator slow({.base_time = {}, .events_per_second = 3});
  EXPECT_EQ(slow.time_of(1), Timestamp{333'000});
  EXPECT_EQ(slow.time_of(3'000'000'000'001), Timestamp{1'000'000'000'000'333'000});
}

TEST(Generator, LetsAuctionsLiveAsLongAsAHundredOfThemTakeOnAverage) {
  const Generator generator({.events_per_second = 1'000});
  Arena arena;
  std::int64_t total_ms = 0;
  std::int64_t auctions = 0;
  for (std::uint64_t n = 1; n < 50'000; n += 50) {
    const Auction auction = generator.auction(n, arena);
    const std::int64_t ms = (auction.expires - auction.date_time).micros / 1'000;
    EXPECT_THAT(ms, AllOf(Ge(1), Le(2 * 1'667)));
    EXPECT_GT(auction.reserve, auction.initial_bid);
    EXPECT_THAT(auction.category, AllOf(Ge(10), Le(14)));
    total_ms += ms;
    ++auctions;
  }
  EXPECT_NEAR(static_cast<double>(total_ms) / static_cast<double>(auctions), 1'667, 80);
}

TEST(Generator, ShufflesWithinGroupsOnly) {
  const Generator generator({.out_of_order_group = 100});
  for (std::uint64_t group = 0; group < 10; ++group) {
    std::set<std::uint64_t> numbers;
    std::uint64_t moved = 0;
    for (std::uint64_t place = group * 100; place < group * 100 + 100; ++place) {
      const std::uint64_t n = generator.number_at(place);
      EXPECT_EQ(n / 100, group);
      numbers.insert(n);
      moved += n == place ? 0 : 1;
    }
    EXPECT_EQ(numbers.size(), 100u);
    EXPECT_GT(moved, 90u);
  }
  EXPECT_EQ(plain().number_at(12'345), 12'345u);
}

TEST(Generator, DrawsUniformKeysAlike) {
  const Generator generator({.keys = KeyChoice::kUniform, .key_count = 10});
  Arena arena;
  std::map<std::int64_t, std::uint64_t> auctions;
  std::map<std::int64_t, std::uint64_t> bidders;
  for (std::uint64_t n = 4; n < 1'000'000; n += 50) {
    const Bid bid = generator.bid(n, arena);
    ++auctions[bid.auction];
    ++bidders[bid.bidder];
  }
  EXPECT_EQ(auctions.size(), 10u);
  EXPECT_EQ(bidders.begin()->first, 1'000);
  EXPECT_EQ(bidders.rbegin()->first, 1'009);
  for (const auto& [key, count] : auctions) EXPECT_NEAR(share(count, 20'000), 0.1, 0.01);
}

TEST(Generator, DrawsZipfKeysByTheirRank) {
  const Generator generator({.keys = KeyChoice::kZipf, .key_count = 1'000, .zipf_exponent = 1.0});
  Arena arena;
  std::map<std::int64_t, std::uint64_t> bidders;
  for (std::uint64_t n = 4; n < 1'000'000; n += 50) ++bidders[generator.bid(n, arena).bidder];
  const double sum = 7.4855;  // of 1/k, k from 1 to 1,000
  EXPECT_NEAR(share(bidders[1'000], 20'000), 1 / sum, 0.01);
  EXPECT_NEAR(share(bidders[1'001], 20'000), 1 / sum / 2, 0.01);
  EXPECT_NEAR(share(bidders[1'009], 20'000), 1 / sum / 10, 0.005);
}

TEST(EventLog, HoldsWhatTheGeneratorMakes) {
  Arena arena;
  for (const std::uint64_t count : {1ULL, 49ULL, 1'003ULL}) {
    const EventLog made(plain(), count);
    ASSERT_EQ(made.size(), count);
    for (std::uint64_t n = 0; n < count; ++n) EXPECT_EQ(made.event(n), plain().event(n, arena));
  }
}

}  // namespace
}  // namespace tributary::nexmark
