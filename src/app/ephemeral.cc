#include "app/ephemeral.h"

#include "storage/ephemeral/memory.h"

namespace kriya::app {

std::unique_ptr<storage::ephemeral::Ephemeral> open_ephemeral(const config::Settings&, const Clock& clock) {
  return std::make_unique<storage::ephemeral::Memory>(clock);
}

}  // namespace kriya::app
