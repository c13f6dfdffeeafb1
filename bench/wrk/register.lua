-- POST /api/auth/register, a new phone number each time.
local common = dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "common.lua")

function init()
  request = common.fresh_registration()
end
