// PhoneID's answer as a report, and what it makes of a number. Missing data is never taken for safety.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "messaging/fields.h"
#include "messaging/ports.h"

namespace kriya::messaging::telesign {

/// `asked`: the add-ons of the question; one without a good answer is a reason. `now`: what "recently" is measured
/// from.
NumberReport number_report(const PhoneNumber& number, const Fields& answer, const std::vector<std::string>& asked,
                           Timestamp now);

}  // namespace kriya::messaging::telesign
