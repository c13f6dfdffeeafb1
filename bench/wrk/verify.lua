-- POST /api/auth/verify, each request with another open challenge and its code. Ends early when none is left, as
-- logout.lua does.
local common = dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "common.lua")

function init()
  local requests, position = {}, 0
  for i, line in ipairs(common.tokens()) do
    local id, code = line:match("^(%S+) (%d+)$")
    -- Failed guesses are counted by address, so each person has one of their own, as they have outside.
    local address = string.format("10.%d.%d.%d", math.floor(i / 65536), math.floor(i / 256) % 256, i % 256)
    local headers = { ["Content-Type"] = "application/json", ["X-Forwarded-For"] = address }
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
