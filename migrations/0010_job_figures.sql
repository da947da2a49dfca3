-- Counting what has died must not read every job that has ended.
CREATE INDEX jobs_dead ON jobs (kind) WHERE state = 'DEAD';
