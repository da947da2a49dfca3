-- KEYS: places. ARGV[1]: longest entry. Returns the time here, then each place's text or nothing.
local time = redis.call('TIME')
local found = { string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)) }
for at, place in ipairs(KEYS) do
  local text = redis.pcall('GET', place)
  if type(text) ~= 'string' or #text > tonumber(ARGV[1]) then text = false end
  found[at + 1] = text
end
return found
