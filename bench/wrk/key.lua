-- Two thousand different requests in turn, over all routes; the file has lines "path key".
local requests, turn = {}, 0

function init()
    for line in io.lines(os.getenv("BENCH_REQUESTS")) do
        local path, key = line:match("^(%S+) (%S+)$")
        wrk.headers["X-Api-Key"] = key
        requests[#requests + 1] = wrk.format("GET", path)
    end
end

function request()
    turn = turn % #requests + 1
    return requests[turn]
end

dofile(os.getenv("BENCH_WRK") .. "/done.lua")
