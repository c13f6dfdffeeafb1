-- POST /api/auth/validate-token, one token after the other.
local common = dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "common.lua")

function init()
  local headers = { ["Content-Type"] = "application/json", ["X-API-Key"] = common.setting("API_KEY") }
  local requests = {}
  for i, token in ipairs(common.tokens()) do
    requests[i] = wrk.format("POST", "/api/auth/validate-token", headers, '{"token":"' .. token .. '"}')
  end
  request = common.rotate(requests)
end
