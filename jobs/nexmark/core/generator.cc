#include "jobs/nexmark/core/generator.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "base/hash.h"
#include "jobs/nexmark/core/random_text.h"

namespace tributary::nexmark {

namespace {

// One in so many is not hot.
constexpr std::uint64_t kHotAuctionRatio = 2;
constexpr std::uint64_t kHotBidderRatio = 4;
constexpr std::uint64_t kHotSellerRatio = 4;
// So many auctions or persons share a hot one.
constexpr std::uint64_t kHotSpan = 100;
constexpr std::uint64_t kAuctionsInFlight = 100;
constexpr std::uint64_t kPersonsActive = 1'000;
// So many that are not born yet may be named.
constexpr std::uint64_t kLead = 10;

constexpr std::int64_t kFirstCategory = 10;
constexpr std::uint64_t kCategories = 5;
constexpr std::uint64_t kChannels = 10'000;

constexpr std::size_t kPersonBytes = 200;
constexpr std::size_t kAuctionBytes = 500;
constexpr std::size_t kBidBytes = 100;

constexpr std::string_view kFirstNames[] = {"Peter", "Paul",  "Luke",  "John",   "Saul",  "Vicky",
                                            "Kate",  "Julie", "Sarah", "Deiter", "Walter"};
constexpr std::string_view kLastNames[] = {"Shultz", "Abrams", "Spencer", "White", "Bartels",
                                           "Walton", "Smith",  "Jones",   "Noris"};
constexpr std::string_view kCities[] = {"Phoenix",  "Los Angeles", "San Francisco", "Boise",
                                        "Portland", "Bend",        "Redmond",       "Seattle",
                                        "Kent",     "Cheyenne"};
constexpr std::string_view kStates[] = {"AZ", "CA", "ID", "OR", "WA", "WY"};
constexpr std::string_view kHotChannels[] = {"Google", "Facebook", "Baidu", "Apple"};

template <std::size_t N>
std::string_view any_of(const std::string_view (&choices)[N], Random& random) {
  return choices[random.below(N)];
}

std::uint64_t cycle_of(std::uint64_t n) { return n / Generator::kCycle; }

// Both count from 0: the person, the auction that event n is, or else the last one before it.
std::uint64_t last_person(std::uint64_t n) { return cycle_of(n); }
std::uint64_t last_auction(std::uint64_t n) {
  const std::uint64_t place = n % Generator::kCycle;
  const std::uint64_t before = cycle_of(n) * Generator::kAuctionsOfCycle;
  if (place < Generator::kPersonsOfCycle) return before == 0 ? 0 : before - 1;
  return before + std::min(place - Generator::kPersonsOfCycle, Generator::kAuctionsOfCycle - 1);
}

std::int64_t id_of(std::uint64_t index) {
  return Generator::kFirstId + static_cast<std::int64_t>(index);
}

// Log-uniform from 100 to 10^8.
std::int64_t random_price(Random& random) {
  return std::llround(std::pow(10.0, random.unit() * 6.0) * 100.0);
}

std::string random_url(Random& random) {
  std::string url = "https://www.nexmark.com/";
  for (int part = 0; part < 3; ++part) url += random_word(random, 5, '_') + '/';
  return url + "item.htm?query=1";
}

}  // namespace

Generator::Generator(const GeneratorOptions& options)
    : options_(options),
      key_(mix64(options.seed)),
      zipf_(std::max<std::uint64_t>(options.key_count, 1), options.zipf_exponent) {
  TRIBUTARY_CHECK(options.key_count > 0 && options.events_per_second > 0 &&
                      options.out_of_order_group > 0 &&
                      options.out_of_order_group % kShuffleStep != 0,
                  "generator of {} keys, {} events a second, groups of {}", options.key_count,
                  options.events_per_second, options.out_of_order_group);
  Random random(mix64(key_));
  for (const std::string_view name : kHotChannels)
    hot_channels_.push_back({std::string(name), random_url(random)});
  for (std::uint64_t k = 0; k < kChannels; ++k) {
    std::string url = random_url(random);
    if (!random.chance(1, 10)) url += fmt::format("&channel_id={}", mix64(k) >> 33);
    channels_.push_back({fmt::format("channel-{}", k), std::move(url)});
  }
}

std::uint64_t Generator::number_at(std::uint64_t position) const {
  const std::uint64_t group = options_.out_of_order_group;
  if (group == 1) return position;
  const std::uint64_t place = position % group;
  return position - place + place * kShuffleStep % group;
}

EventType Generator::type_of(std::uint64_t n) {
  const std::uint64_t place = n % kCycle;
  if (place < kPersonsOfCycle) return EventType::kPerson;
  return place < kPersonsOfCycle + kAuctionsOfCycle ? EventType::kAuction : EventType::kBid;
}

Timestamp Generator::time_of(std::uint64_t n) const {
  const auto rate = static_cast<std::uint64_t>(options_.events_per_second);
  const std::uint64_t millis = n / rate * 1'000 + n % rate * 1'000 / rate;
  return options_.base_time + milliseconds(static_cast<std::int64_t>(millis));
}

Event Generator::event(std::uint64_t n, Arena& arena) const {
  Event event{.type = type_of(n)};
  switch (event.type) {
    case EventType::kPerson:
      event.person = person(n, arena);
      break;
    case EventType::kAuction:
      event.auction = auction(n, arena);
      break;
    case EventType::kBid:
      event.bid = bid(n, arena);
      break;
  }
  return event;
}

Person Generator::person(std::uint64_t n, Arena& arena) const {
  Random random = chance_of(n);
  const std::string name =
      fmt::format("{} {}", any_of(kFirstNames, random), any_of(kLastNames, random));
  const std::string user = random_word(random, 7);
  const std::string email = fmt::format("{}@{}.com", user, random_word(random, 5));
  std::string card;
  for (int part = 0; part < 4; ++part)
    card += fmt::format("{}{:04}", part == 0 ? "" : " ", random.below(10'000));
  const std::string_view city = any_of(kCities, random);
  const std::string_view state = any_of(kStates, random);
  const std::size_t bytes =
      8 + name.size() + email.size() + card.size() + city.size() + state.size();
  return {.id = id_of(last_person(n)),
          .name = Text(name, arena),
          .email_address = Text(email, arena),
          .credit_card = Text(card, arena),
          .city = Text(city, arena),
          .state = Text(state, arena),
          .date_time = time_of(n),
          .extra = random_padding(random, bytes, kPersonBytes, arena)};
}

Auction Generator::auction(std::uint64_t n, Arena& arena) const {
  Random random = chance_of(n);
  const std::int64_t seller = seller_of_auction(n, random);
  const auto category = static_cast<std::int64_t>(random.below(kCategories));
  const std::int64_t initial_bid = random_price(random);
  // As long on average as it takes until as many auctions are born as are in flight.
  const Timestamp now = time_of(n);
  const Duration horizon = time_of(n + kAuctionsInFlight * kCycle / kAuctionsOfCycle) - now;
  const auto longest_ms =
      static_cast<std::uint64_t>(std::max<std::int64_t>(horizon.micros / 1'000 * 2, 1));
  const auto life_ms = static_cast<std::int64_t>(1 + random.below(longest_ms));
  const std::string item = random_word(random, 20);
  const std::string description = random_word(random, 100);
  return {.id = id_of(last_auction(n)),
          .item_name = Text(item, arena),
          .description = Text(description, arena),
          .initial_bid = initial_bid,
          .reserve = initial_bid + random_price(random),
          .date_time = now,
          .expires = now + milliseconds(life_ms),
          .seller = seller,
          .category = kFirstCategory + category,
          .extra = random_padding(random, 8 + item.size() + description.size() + 5 * 8,
                                  kAuctionBytes, arena)};
}

Bid Generator::bid(std::uint64_t n, Arena& arena) const {
  Random random = chance_of(n);
  const std::int64_t auction = auction_of_bid(n, random);
  const std::int64_t bidder = bidder_of_bid(n, random);
  const std::int64_t price = random_price(random);
  const std::vector<Channel>& channels = random.chance(1, 2) ? hot_channels_ : channels_;
  const Channel& channel = channels[random.below(channels.size())];
  return {.auction = auction,
          .bidder = bidder,
          .price = price,
          .channel = Text(channel.name, arena),
          .url = Text(channel.url, arena),
          .date_time = time_of(n),
          .extra = random_padding(random, 4 * 8, kBidBytes, arena)};
}

std::int64_t Generator::auction_of_bid(std::uint64_t n, Random& random) const {
  if (options_.keys != KeyChoice::kHot) return any_id(random);
  const std::uint64_t last = last_auction(n);
  if (!random.chance(1, kHotAuctionRatio)) return id_of(last / kHotSpan * kHotSpan);
  const std::uint64_t first = last - std::min(last, kAuctionsInFlight);
  return id_of(first + random.below(last - first + 1 + kLead));
}

// The second of its hundred, so that hot bidders are no hot sellers.
std::int64_t Generator::bidder_of_bid(std::uint64_t n, Random& random) const {
  if (options_.keys != KeyChoice::kHot) return any_id(random);
  if (!random.chance(1, kHotBidderRatio)) return id_of(last_person(n) / kHotSpan * kHotSpan + 1);
  return recent_person(n, random);
}

std::int64_t Generator::seller_of_auction(std::uint64_t n, Random& random) const {
  if (options_.keys != KeyChoice::kHot) return any_id(random);
  if (!random.chance(1, kHotSellerRatio)) return id_of(last_person(n) / kHotSpan * kHotSpan);
  return recent_person(n, random);
}

std::int64_t Generator::recent_person(std::uint64_t n, Random& random) const {
  const std::uint64_t born = last_person(n) + 1;
  const std::uint64_t active = std::min(born, kPersonsActive);
  return id_of(born - active + random.below(active + kLead));
}

std::int64_t Generator::any_id(Random& random) const {
  return id_of(options_.keys == KeyChoice::kZipf ? zipf_(random)
                                                 : random.below(options_.key_count));
}

}  // namespace tributary::nexmark
