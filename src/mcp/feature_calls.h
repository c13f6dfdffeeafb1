// The methods that both eras have: params are read, the offer is asked.
#pragma once

#include <string>
#include <string_view>

#include "mcp/offer.h"

namespace kriya::mcp {

/// Whether the offer has this method: it must have the capability, too.
bool is_feature(const Offer& offer, std::string_view method);

/// Only for methods that `is_feature`. `asker` must outlive the call. Errors: kInvalidParams, and what the offer says.
Task<Outcome> call_feature(Offer& offer, const Asker& asker, std::string method, json::object params, Input input);

/// `capabilities` as the client is told them: the offer's, with `logging`.
json::object advertised(const Offer& offer);

}  // namespace kriya::mcp
