#include "audit/tool_log.h"
