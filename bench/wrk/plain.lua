-- The same GET over and over, prepared once.
wrk.path = "/v1/customers/42?expand=plan"
dofile(os.getenv("BENCH_WRK") .. "/done.lua")
