-- Not measured: registers new people and writes their tokens, one a line, to BENCH_TOKENS until there are BENCH_COUNT.
local common = dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "common.lua")

function init()
  local file = assert(io.open(common.setting("TOKENS"), "w"))
  local missing = tonumber(common.setting("COUNT"))
  request = common.fresh_registration()
  response = function(status, _, body)
    local token = status == 200 and body:match('"token"%s*:%s*"([^"]+)"')
    if not token or missing == 0 then return end
    file:write(token, "\n")
    missing = missing - 1
    if missing == 0 then
      file:close()
      common.finish()
    end
  end
end
