-- POST /mcp: tools/call of `add`, as a client of BENCH_ERA (modern: 2026-07-28, legacy: 2025-11-25) asks for it.
local common = dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "common.lua")

function init()
  local headers = {
    ["Content-Type"] = "application/json",
    ["Accept"] = "application/json, text/event-stream",
    ["Authorization"] = os.getenv("BENCH_TOKEN") and "Bearer " .. os.getenv("BENCH_TOKEN"),
    ["Mcp-Session-Id"] = os.getenv("BENCH_SESSION"),
  }
  local meta = ""
  if common.setting("ERA") == "modern" then
    headers["MCP-Protocol-Version"] = "2026-07-28"
    headers["Mcp-Method"] = "tools/call"
    headers["Mcp-Name"] = "add"
    meta = ',"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
      .. '"io.modelcontextprotocol/clientCapabilities":{},'
      .. '"io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1.0.0"}}'
  else
    headers["MCP-Protocol-Version"] = "2025-11-25"
  end
  local body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"a":5,"b":3}%s}}'
  local bytes = wrk.format("POST", "/mcp", headers, string.format(body, meta))
  request = function() return bytes end
end
