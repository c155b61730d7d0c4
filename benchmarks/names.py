"""Names of figures that other products have too; a peer's script answers with these."""

FIRST = "POST to the first instruction of the user's process"
DURABLE = "durable submissions, 8 clients"
LISTED = "list 50 of 10,000 jobs"
LOGGED = "track.log_metric, one call"
STORED = "metric points stored"
READ = "read 100,000 points, downsampled to 1,000"
