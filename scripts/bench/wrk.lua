-- Sends the requests of a file at random, and prints what came of it as JSON.
-- Each line: method, path, body, separated by tabs. {n} in a line becomes a number that no other request has.
local requests, unique, run = {}, false, ""
local count = 0

function init(args)
  run = args[2]
  math.randomseed(os.time() + tonumber(run))
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^([^\t]*)\t([^\t]*)\t(.*)$")
    if body == "" then body = nil end
    local text = wrk.format(method, path, nil, body)
    if line:find("{n}", 1, true) then unique = true end
    requests[#requests + 1] = unique and { method, path, body } or text
  end
end

function request()
  local chosen = requests[math.random(#requests)]
  if not unique then return chosen end
  count = count + 1
  local number = run .. "-" .. count
  if chosen[1] == "POST" and wrk.headers["Idempotency-Key"] then wrk.headers["Idempotency-Key"] = number end
  return wrk.format(chosen[1], chosen[2], nil, (chosen[3]:gsub("{n}", number)))
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('{"requests":%d,"durationUs":%d,"refused":%d,"broken":%d,"p50Us":%d,"p99Us":%d}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
