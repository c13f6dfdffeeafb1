-- POST /api/auth/verify, each request with another open challenge and its code. Ends early when none is left, as
-- logout.lua does.
local common = dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "common.lua")

function init()
  local requests, position = {}, 0
  local headers = { ["Content-Type"] = "application/json" }
  for i, line in ipairs(common.tokens()) do
    local id, code = line:match("^(%S+) (%d+)$")
    local body = string.format('{"verification_id":"%s","code":"%s"}', id, code)
    requests[i] = wrk.format("POST", "/api/auth/verify", headers, body)
  end
  local nothing_more = wrk.format("GET", "/health/ready") -- sent by wrk while it stops; its answer is never read
  request = function()
    position = position + 1
    if position <= #requests then return requests[position] end
    common.finish()
    return nothing_more
  end
end
