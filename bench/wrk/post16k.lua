-- The same POST of 16 KiB over and over, prepared once.
wrk.method = "POST"
wrk.path = "/v1/documents"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"text":"' .. string.rep("x", 16384 - 11) .. '"}'
dofile(os.getenv("BENCH_WRK") .. "/done.lua")
