// The interactive API page at /docs and the document that it shows.
#pragma once

#include "http/openapi.h"
#include "http/router.h"

namespace kriya::operations {

/// Call after all other routes are added: the document describes what is there.
void add_docs_endpoints(http::Router& router, const http::ApiInfo& info);

}  // namespace kriya::operations
