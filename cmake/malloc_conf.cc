// How programs and benches set jemalloc up: it reads this symbol before main begins. MALLOC_CONF in
// the environment comes later and wins (jemalloc(3), TUNING).

extern "C" {
// What is freed goes back to the system within a second instead of ten: a budget for state says
// little if the allocator may keep as much again. Measured in docs/performance.md.
extern const char* malloc_conf;
const char* malloc_conf = "dirty_decay_ms:1000";
}
