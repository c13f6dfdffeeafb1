-- DELETE /api/auth/logout, each request with another person's token. The run ends early when no token is left; the
-- figures then cover the time until then (the at most 63 answers still on their way are not counted).
local common = dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "common.lua")

function init()
  local requests, position = {}, 0
  for i, token in ipairs(common.tokens()) do
    requests[i] = wrk.format("DELETE", "/api/auth/logout", { Authorization = "Bearer " .. token })
  end
  local nothing_more = wrk.format("GET", "/health/ready") -- sent by wrk while it stops; its answer is never read
  request = function()
    position = position + 1
    if position <= #requests then return requests[position] end
    common.finish()
    return nothing_more
  end
end
