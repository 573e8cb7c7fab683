// jobs/cost_attribution/tools/generator_rules.cc
#include "jobs/cost_attribution/tools/generator_rules.h"

#include <fmt/format.h>

namespace tributary::cost {

std::string generated_rules(std::string_view tenant, Timestamp valid_from) {
  constexpr std::string_view kBody = R"(comment: generated
dimensions:
  - name: team
    default: (unattributed)
    rules:
      - id: tag
        group_by: {coalesce: ["tag:team", "tag: team"], transform: [trim, lower]}
      - id: kafka
        when: {begins_with: {ResourceName: [kafka-]}}
        group: data-platform
      - id: resource-name
        when: {matches: {ResourceName: "(payments|search|platform|mobile|growth|security)-.*"}}
        group_by: {source: ResourceName, transform: [{split: {by: "-", index: 0}}]}
      - id: support
        when: {begins_with: {ServiceName: AWS Support}}
        group: infrastructure
  - name: feature
    default: (unattributed)
    rules:
      - id: tag
        group_by: {source: "tag:feature", transform: [trim, lower]}
      - id: team
        group_by:
          source: "dim:team"
          transform:
            - lookup: {payments: checkout, search: ranking, data-platform: streaming, infrastructure: observability}
  - name: customer
    default: (unattributed)
    rules:
      - id: tag
        group_by: {source: "tag:customer", transform: [trim, slug]}
      - id: internal
        when:
          any:
            - ends_with: {SubAccountName: [-sandbox, -staging]}
            - equals: {"tag:environment": [dev, staging]}
        group: internal
  - name: environment
    default: (unattributed)
    rules:
      - id: tag
        group_by: {coalesce: ["tag:environment", "tag:env"], transform: [trim, lower]}
      - id: account
        when: {ends_with: {SubAccountName: -production}}
        group: prod
)";
  return fmt::format(
      "apiVersion: tributary/cost-rules/v1\ntenant: {}\nversion: 1\nvalid_from: {}\n{}", tenant,
      format_timestamp(valid_from), kBody);
}

}  // namespace tributary::cost
