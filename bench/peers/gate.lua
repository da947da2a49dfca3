-- What a gateway does, in the tightest Lua known to us: no allocation that can be avoided, OpenSSL's SHA-256
-- through the FFI, one table look-up each for host, method, service and key, and a ring of metered requests.

local ffi = require "ffi"
ffi.cdef [[ unsigned char *SHA256(const unsigned char *data, size_t length, unsigned char *digest); ]]

local C, to_string = ffi.C, ffi.string
local find, sub = string.find, string.sub
local digest = ffi.new("unsigned char[32]")

local RING_LENGTH = 65536
local PATTERNS = {
    users = "^/users/[^/]+$",
    orders = "^/users/[^/]+/orders/[^/]+$",
    items = "^/items$",
    reports = "^/v1/[^/]+/reports/[^/]+$",
    files = "^/files/.+$",
}

local gate = {}
local hosts, keys = {}, {}
local ring, head = {}, 0

local function from_hex(text)
    return (text:gsub("..", function(pair) return string.char(tonumber(pair, 16)) end))
end

-- routes_file has lines "/svc17/ reports"; keys_file a SHA-256 in hexadecimal on each.
function gate.load(host, routes_file, keys_file)
    local services, count = {}, 0
    for line in io.lines(routes_file) do
        local service, shape = line:match("^/(%w+)/ (%w+)$")
        count = count + 1
        services[service] = { id = count, pattern = PATTERNS[shape] }
    end
    hosts[host] = { GET = services }

    count = 0
    for line in io.lines(keys_file) do
        count = count + 1
        keys[from_hex(line)] = count
    end

    for slot = 1, RING_LENGTH do ring[slot] = { 0, 0, 0, 0, 0 } end
    return gate
end

function gate.admit()
    local var = ngx.var
    local methods = hosts[var.host]
    if not methods then return ngx.exit(404) end
    local services = methods[ngx.req.get_method()]
    if not services then return ngx.exit(404) end

    local uri = var.uri
    local slash = find(uri, "/", 2, true) or #uri + 1
    local route = services[sub(uri, 2, slash - 1)]
    if not route then return ngx.exit(404) end
    local target = sub(uri, slash)
    if not ngx.re.find(target, route.pattern, "jo") then return ngx.exit(404) end

    local key = var.http_x_api_key
    if not key then return ngx.exit(401) end
    C.SHA256(key, #key, digest)
    local key_id = keys[to_string(digest, 32)]
    if not key_id then return ngx.exit(401) end

    local context = ngx.ctx
    context.key, context.route = key_id, route.id
    if var.is_args == "?" then target = target .. "?" .. var.args end
    var.target = target
end

function gate.meter()
    local context = ngx.ctx
    if not context.key then return end
    head = head % RING_LENGTH + 1
    local event = ring[head]
    event[1], event[2], event[3] = ngx.now(), context.key, context.route
    event[4], event[5] = ngx.status, ngx.var.bytes_sent
end

return gate
