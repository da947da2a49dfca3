-- KEYS: places. ARGV[1]: the channel for changes of access, or nothing for answers to look-ups; then for each place its
-- version (20 digits), age and time to live in milliseconds, and sealed entry.
-- An entry is "<version> <when it was true, by the time here> <sealed>". The higher version stays, and of one version
-- the later answer. What is kept is never let go of earlier than was said before.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kept = 0
for at, place in ipairs(KEYS) do
  local version, age, live, sealed = unpack(ARGV, at * 4 - 2, at * 4 + 1)
  local born = now - tonumber(age)
  live = tonumber(live)
  local old = redis.pcall('GET', place)
  local old_version, old_born
  if type(old) == 'string' then old_version, old_born = string.match(old, '^(%d+) (%d+) ') end
  local left = old_version and redis.call('PTTL', place) or 0
  if old_version and old_version > version then
    -- Newer than what is said.
  elseif old_version == version and (ARGV[1] ~= '' or tonumber(old_born) >= born) then
    if left < live then redis.call('PEXPIRE', place, live) end
  else
    if old_version == version then live = math.max(live, left) end
    redis.call('SET', place, version .. ' ' .. string.format('%.0f', born) .. ' ' .. sealed, 'PX', live)
    if ARGV[1] ~= '' then redis.call('PUBLISH', ARGV[1], sealed) end
    kept = kept + 1
  end
end
return kept
