#include "verification/verification.h"
