// What Telesign knows of numbers: PhoneID, and the Intelligence host's fraud score.
#pragma once

#include "messaging/ports.h"
#include "messaging/telesign/api.h"

namespace kriya::messaging::telesign {

/// Safe to use from any thread.
class TelesignLookup final : public NumberLookup {
 public:
  TelesignLookup(TelesignApi& api, const Clock& clock) : api_(api), clock_(clock) {}

  /// Add-ons: contact, number_deactivation, porting_status, porting_history, subscriber_status, sim_swap,
  /// call_forward_detection, active_call_status, breached_number_check; any other is invalid_fields.
  Task<Result<NumberReport>> look_up(PhoneNumber number, std::vector<std::string> addons, Deadline deadline) override;

 private:
  TelesignApi& api_;
  const Clock& clock_;
};

/// From which score on our own recommendation changes.
struct RiskThresholds {
  std::int64_t flag = 401;
  std::int64_t block = 601;
};

/// Safe to use from any thread.
class TelesignRisk final : public RiskScorer {
 public:
  TelesignRisk(TelesignApi& api, RiskThresholds thresholds) : api_(api), thresholds_(thresholds) {}

  Task<Result<RiskReport>> assess(RiskQuestion question, Deadline deadline) override;

 private:
  TelesignApi& api_;
  RiskThresholds thresholds_;
};

}  // namespace kriya::messaging::telesign
