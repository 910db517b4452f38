/* Which of the compiled widths this processor and its system can run. */

#ifdef _WIN32
#define PUBLIC __declspec(dllexport)
#else
#define PUBLIC __attribute__((visibility("default")))
#endif

#if defined(__x86_64__)

static void cpuid(unsigned leaf, unsigned found[4]) {
    __asm__ volatile("cpuid"
                     : "=a"(found[0]), "=b"(found[1]), "=c"(found[2]), "=d"(found[3])
                     : "a"(leaf), "c"(0));
}

static unsigned enabled_by_system(void) {
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

/* Floats in one vector: 16, 8 or 4. */
PUBLIC unsigned lanes(void) {
    const unsigned fma = 1u << 12, saves = 1u << 27, avx2 = 1u << 5;
    const unsigned avx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31; /* F, DQ, BW, VL */
    unsigned found[4];
    cpuid(0, found);
    if (found[0] < 7) return 4;
    cpuid(1, found);
    if ((found[2] & (fma | saves)) != (fma | saves)) return 4;
    unsigned system = enabled_by_system();
    cpuid(7, found);
    if ((system & 0xe6) == 0xe6 && (found[1] & avx512) == avx512) return 16;
    return (system & 0x06) == 0x06 && found[1] & avx2 ? 8 : 4;
}

#else

PUBLIC unsigned lanes(void) { return 4; }

#endif
