// jobs/cost_attribution/tools/generator_catalog.h
// The names that generated bills are made of: tenants, services, teams, features, regions.
//
// Changing an entry changes what every seed generates.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/random.h"

namespace tributary::cost::catalog {

struct Service {
  std::string_view name;
  std::string_view category;
  std::string_view prefix;    // of resource ids
  std::string_view resource;  // kind of resource; empty: none
  std::string_view price;
  std::string_view unit;
  std::uint32_t weight;  // how often, relative
  bool is_daily;         // charged by the day, never tagged
};

inline constexpr std::array<Service, 10> kServices = {{
    {"Amazon Elastic Compute Cloud", "Compute", "ec2", "instance", "0.0960",
     "On Demand Linux m5.large Instance Hour", 30, false},
    {"Amazon Simple Storage Service", "Storage", "s3", "bucket", "0.0230",
     "GB - first 50 TB / month of storage used", 18, false},
    {"Amazon Relational Database Service", "Databases", "rds", "db", "0.2900",
     "RDS db.m5.large Multi-AZ instance hour", 12, false},
    {"AWS Lambda", "Compute", "lambda", "function", "0.0000166667",
     "GB-Second - first tier of compute duration", 12, false},
    {"Amazon Elastic Kubernetes Service", "Compute", "eks", "cluster", "0.1000",
     "hour of EKS cluster usage, per cluster", 8, false},
    {"Amazon CloudFront", "Networking", "cloudfront", "distribution", "0.0850",
     "GB - first 10 TB / month data transfer out", 6, false},
    {"Amazon API Gateway", "Integration", "apigateway", "api", "3.5000",
     "million API calls received, first 333 million", 5, false},
    {"Amazon DynamoDB", "Databases", "dynamodb", "table", "1.2500",
     "million write request units, on demand", 5, false},
    {"Amazon Managed Streaming for Apache Kafka", "Analytics", "kafka", "broker", "0.2100",
     "kafka.m5.large broker hour, provisioned", 3, false},
    {"AWS Support (Business)", "Other", "support", "", "0.10",
     "dollar of monthly AWS usage, first tier, pro rata", 1, true},
}};

inline constexpr std::array<std::string_view, 5> kTenants = {"acme", "globex", "initech",
                                                             "umbrella", "hooli"};
inline constexpr std::array<std::string_view, 6> kAccounts = {"production", "staging", "data",
                                                              "sandbox",    "shared",  "europe"};
inline constexpr std::array<std::string_view, 8> kTeams = {
    "payments", "search", "platform", "data-science",
    "mobile",   "growth", "security", "infrastructure"};
inline constexpr std::array<std::string_view, 10> kFeatures = {
    "checkout",   "ranking",   "login",         "recommendations", "push",
    "onboarding", "audit-log", "observability", "invoicing",       "export"};
inline constexpr std::array<std::string_view, 5> kEnvironments = {"prod", "prod", "staging", "dev",
                                                                  "Prod"};
inline constexpr std::array<std::string_view, 5> kRegions = {
    "us-east-1", "us-west-2", "eu-central-1", "eu-west-1", "ap-southeast-1"};

inline const Service& pick_service(Random& random) {
  constexpr std::uint32_t kTotal = [] {
    std::uint32_t total = 0;
    for (const Service& service : kServices) total += service.weight;
    return total;
  }();
  std::uint64_t draw = random.below(kTotal);
  for (const Service& service : kServices) {
    if (draw < service.weight) return service;
    draw -= service.weight;
  }
  return kServices.back();
}

inline std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

inline std::string capitalised(std::string_view text) {
  std::string result(text);
  result[0] = upper(text.substr(0, 1))[0];
  return result;
}

}  // namespace tributary::cost::catalog
