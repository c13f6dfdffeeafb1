-- GET /api/auth/user by Bearer, one token after the other.
local common = dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "common.lua")

function init()
  local requests = {}
  for i, token in ipairs(common.tokens()) do
    requests[i] = wrk.format("GET", "/api/auth/user", { Authorization = "Bearer " .. token })
  end
  request = common.rotate(requests)
end
