-- Shared by the scripts of this folder: arguments, tokens from a file, the end of a run, the result as one JSON line.
-- Settings come from the environment (bench/run.py sets them): wrk hands arguments to the threads only.

local ffi = require("ffi")
ffi.cdef("int getpid(void); int kill(int pid, int signal);")

local common = {}

-- Each wrk thread has a Lua state of its own and learns here its number and how many there are.
local threads = {}
function setup(thread)
  table.insert(threads, thread)
  thread:set("thread_number", #threads)
end

function common.setting(name)
  local value = os.getenv("BENCH_" .. name)
  return value or error("BENCH_" .. name .. " is not set")
end

-- Every thread takes each n-th line, so that no token is used by two threads.
function common.tokens()
  local thread_count, tokens, line_number = tonumber(common.setting("THREADS")), {}, 0
  for line in io.lines(common.setting("TOKENS")) do
    line_number = line_number + 1
    if line_number % thread_count == thread_number % thread_count then tokens[#tokens + 1] = line end
  end
  return tokens
end

-- Returns a function that yields the requests one after the other, for ever.
function common.rotate(requests)
  local position, count = 0, #requests
  return function()
    position = position % count + 1
    return requests[position]
  end
end

-- A body that registers a phone number never used before: +1, three digits for the run, seven for the request.
function common.fresh_registration()
  local series, step = common.setting("SERIES"), tonumber(common.setting("THREADS"))
  local number = thread_number - step
  local headers = { ["Content-Type"] = "application/json", ["X-API-Key"] = os.getenv("BENCH_REGISTRAR_KEY") }
  return function()
    number = number + step
    local body = string.format(
      '{"phone_number":"+1%s%07d","first_name":"Bench","last_name":"User","email":"bench%d@example.com"}',
      series, number, number)
    return wrk.format("POST", "/api/auth/register", headers, body)
  end
end

-- Ends the run now, with exact figures: this stops the thread's loop, and the signal ends the main thread's sleep, so
-- that wrk's duration is the time really driven. (Without the signal wrk would divide by the whole --duration.)
function common.finish()
  wrk.thread:stop()
  ffi.C.kill(ffi.C.getpid(), 2)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.6f,"bytes":%d,"p50_ms":%.4f,"p99_ms":%.4f,"max_ms":%.4f,'
      .. '"bad_status":%d,"socket_errors":%d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    latency.max / 1e3, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end

return common
