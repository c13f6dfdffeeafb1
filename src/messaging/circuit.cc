#include "messaging/circuit.h"

namespace kriya::messaging {

bool Circuit::allows(Timestamp now) {
  if (!open()) return true;
  if (now < next_try_) return false;
  next_try_ = now + kPause;
  return true;
}

void Circuit::failed(Timestamp now) {
  if (!open()) ++failures_;
  if (open()) next_try_ = now + kPause;
}

}  // namespace kriya::messaging
