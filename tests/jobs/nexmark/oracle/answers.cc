#include "tests/jobs/nexmark/oracle/answers.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <tuple>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tributary::nexmark {

namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kHour = 3'600 * kSecond;
constexpr std::int64_t kDay = 24 * kHour;

std::string time_text(std::int64_t micros) { return format_timestamp({micros}); }

// price × 0.908 without zeros at the end.
std::string euro_text(std::int64_t price) {
  const std::int64_t thousandths = price * 908;
  std::string text = fmt::format("{}.{:03}", thousandths / 1'000, thousandths % 1'000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string row(const Bid& bid, const std::string& price) {
  return fmt::format(R"({{"auction":{},"bidder":{},"price":{},"date_time":"{}","extra":"{}"}})",
                     bid.auction, bid.bidder, price, time_text(bid.date_time.micros),
                     bid.extra.view());
}

std::string bidder_row(std::int64_t bidder, std::int64_t bids, std::int64_t start,
                       std::int64_t end) {
  return fmt::format(R"({{"bidder":{},"bid_count":{},"start_time":"{}","end_time":"{}"}})", bidder,
                     bids, time_text(start), time_text(end));
}

Lines q0(const std::vector<Bid>& bids) {
  Lines lines;
  for (const Bid& bid : bids) lines.push_back(row(bid, std::to_string(bid.price)));
  return lines;
}

Lines q1(const std::vector<Bid>& bids) {
  Lines lines;
  for (const Bid& bid : bids) lines.push_back(row(bid, '"' + euro_text(bid.price) + '"'));
  return lines;
}

Lines q2(const std::vector<Bid>& bids) {
  Lines lines;
  for (const Bid& bid : bids) {
    if (bid.auction % 123 == 0)
      lines.push_back(fmt::format(R"({{"auction":{},"price":{}}})", bid.auction, bid.price));
  }
  return lines;
}

Lines q7(const std::vector<Bid>& bids) {
  std::map<std::int64_t, std::int64_t> highest;  // by window
  for (const Bid& bid : bids) {
    std::int64_t& price = highest[bid.date_time.micros / (10 * kSecond)];
    price = std::max(price, bid.price);
  }
  Lines lines;
  for (const Bid& bid : bids) {
    if (bid.price == highest.at(bid.date_time.micros / (10 * kSecond)))
      lines.push_back(row(bid, std::to_string(bid.price)));
  }
  return lines;
}

Lines q11(const std::vector<Bid>& bids) {
  std::map<std::int64_t, std::vector<std::int64_t>> times;  // by bidder
  for (const Bid& bid : bids) times[bid.bidder].push_back(bid.date_time.micros);
  Lines lines;
  for (auto& [bidder, of_bidder] : times) {
    std::ranges::sort(of_bidder);
    std::size_t begin = 0;
    for (std::size_t i = 0; i < of_bidder.size(); ++i) {
      const bool is_last =
          i + 1 == of_bidder.size() || of_bidder[i + 1] - of_bidder[i] > 10 * kSecond;
      if (!is_last) continue;
      lines.push_back(bidder_row(bidder, static_cast<std::int64_t>(i + 1 - begin), of_bidder[begin],
                                 of_bidder[i] + 10 * kSecond));
      begin = i + 1;
    }
  }
  return lines;
}

// Which windows of processing time the bids fall into is the run's affair; how many they are is
// not.
Lines q12(const std::vector<Bid>& bids) {
  std::map<std::int64_t, std::int64_t> counts;
  for (const Bid& bid : bids) ++counts[bid.bidder];
  Lines lines;
  for (const auto& [bidder, count] : counts)
    lines.push_back(fmt::format(R"({{"bidder":{},"bid_count":{}}})", bidder, count));
  return lines;
}

Lines q14(const std::vector<Bid>& bids) {
  Lines lines;
  for (const Bid& bid : bids) {
    const std::int64_t thousandths = bid.price * 908;
    if (thousandths <= 1'000'000'000 || thousandths >= 50'000'000'000) continue;
    const std::int64_t hour = bid.date_time.micros % kDay / kHour;
    const char* type = hour == 7 || hour == 19   ? "otherTime"
                       : hour >= 8 && hour <= 18 ? "dayTime"
                                                 : "nightTime";
    std::int64_t letters = 0;
    for (const char letter : bid.extra.view()) letters += letter == 'c' ? 1 : 0;
    lines.push_back(fmt::format(
        R"({{"auction":{},"bidder":{},"price":"{}","bid_time_type":"{}","date_time":"{}","extra":"{}","c_counts":{}}})",
        bid.auction, bid.bidder, euro_text(bid.price), type, time_text(bid.date_time.micros),
        bid.extra.view(), letters));
  }
  return lines;
}

Lines q17(const std::vector<Bid>& bids) {
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::int64_t>> prices;
  for (const Bid& bid : bids)
    prices[{bid.auction, bid.date_time.micros / kDay}].push_back(bid.price);
  Lines lines;
  for (const auto& [key, of_key] : prices) {
    const auto count = [&](std::int64_t from, std::int64_t to) {
      return std::ranges::count_if(of_key, [&](std::int64_t p) { return p >= from && p < to; });
    };
    std::int64_t sum = 0;
    for (const std::int64_t price : of_key) sum += price;
    lines.push_back(fmt::format(
        R"({{"auction":{},"day":"{}","total_bids":{},"rank1_bids":{},"rank2_bids":{},"rank3_bids":{},"min_price":{},"max_price":{},"avg_price":{},"sum_price":{}}})",
        key.first, time_text(key.second * kDay).substr(0, 10), of_key.size(), count(0, 10'000),
        count(10'000, 1'000'000), count(1'000'000, INT64_MAX), *std::ranges::min_element(of_key),
        *std::ranges::max_element(of_key), sum / static_cast<std::int64_t>(of_key.size()), sum));
  }
  return lines;
}

Lines q18(const std::vector<Bid>& bids) {
  const auto rank = [](const Bid& bid) {
    return std::tuple(bid.date_time, bid.price, bid.channel.str(), bid.url.str(), bid.extra.str());
  };
  std::map<std::pair<std::int64_t, std::int64_t>, Bid> last;
  for (const Bid& bid : bids) {
    const auto [found, is_new] = last.try_emplace({bid.bidder, bid.auction}, bid);
    if (!is_new && rank(bid) > rank(found->second)) found->second = bid;
  }
  Lines lines;
  for (const auto& [key, bid] : last) {
    lines.push_back(fmt::format(
        R"({{"auction":{},"bidder":{},"price":{},"channel":"{}","url":"{}","date_time":"{}","extra":"{}"}})",
        bid.auction, bid.bidder, bid.price, bid.channel.view(), bid.url.view(),
        time_text(bid.date_time.micros), bid.extra.view()));
  }
  return lines;
}

}  // namespace

Lines Oracle::expected(const std::vector<Event>& events) const {
  std::vector<Bid> bids;
  for (const Event& event : events) {
    if (event.bid) bids.push_back(*event.bid);
  }
  Lines lines = answer(bids);
  std::ranges::sort(lines);
  return lines;
}

Lines Oracle::folded(const Lines& published) const {
  Lines lines;
  if (key.empty()) lines = published;
  std::map<std::string, std::string> latest;
  std::map<std::string, std::int64_t> sums;
  if (!key.empty()) {
    for (const std::string& line : published) {
      const auto record = nlohmann::json::parse(line);
      std::string of_line;
      for (const std::string& field : key)
        of_line += fmt::format("\"{}\":{},", field, record.at(field).dump());
      if (sum.empty()) {
        latest[of_line] = line;
      } else {
        sums[of_line] += record.at(sum).get<std::int64_t>();
      }
    }
  }
  for (const auto& [of_line, line] : latest) lines.push_back(line);
  for (const auto& [of_line, value] : sums)
    lines.push_back(fmt::format("{{{}\"{}\":{}}}", of_line, sum, value));
  std::ranges::sort(lines);
  return lines;
}

const std::vector<Oracle>& oracles() {
  static const std::vector<Oracle> all = {
      {.query = "q0", .key = {}, .sum = {}, .answer = &q0},
      {.query = "q1", .key = {}, .sum = {}, .answer = &q1},
      {.query = "q2", .key = {}, .sum = {}, .answer = &q2},
      {.query = "q7", .key = {}, .sum = {}, .answer = &q7},
      {.query = "q11", .key = {}, .sum = {}, .answer = &q11},
      {.query = "q12", .key = {"bidder"}, .sum = "bid_count", .answer = &q12},
      {.query = "q14", .key = {}, .sum = {}, .answer = &q14},
      {.query = "q17", .key = {"auction", "day"}, .sum = {}, .answer = &q17},
      {.query = "q18", .key = {"bidder", "auction"}, .sum = {}, .answer = &q18},
  };
  return all;
}

const Oracle& oracle_of(std::string_view query) {
  for (const Oracle& oracle : oracles()) {
    if (oracle.query == query) return oracle;
  }
  throw std::invalid_argument("no oracle of " + std::string(query));
}

}  // namespace tributary::nexmark
