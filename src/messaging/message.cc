#include "messaging/message.h"

#include "messaging/messenger.h"
#include "messaging/ports.h"
