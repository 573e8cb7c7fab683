// A shared library that registers no job.
extern "C" __attribute__((visibility("default"))) int tributary_e2e_nothing() { return 0; }
