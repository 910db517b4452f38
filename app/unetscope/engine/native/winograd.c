/* Convolutions with a third or a quarter of the multiplications, after Winograd.
 *
 * Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016. A tile of 6x6 input
 * values is transformed, multiplied with transformed kernels (36 matrix products over the input
 * channels), and transformed back. With kernels of 3x3 a tile makes 4x4 output values, F(4x4, 3x3); the
 * same six points serve kernels of 2x2, 4x4 and 5x5, which make 5x5, 3x3 and 2x2. The points are 0,
 * +-5/8, +-5/4 and infinity: exact in binary, and three times as exact as the usual 0, +-1, +-2.
 *
 * A transposed convolution of 4x4 with strides of 2 is four convolutions of 2x2, one for each parity of
 * row and column of what it makes. Those of odd rows read one row further down; their tiles begin one
 * row further up instead, so that all four read the same transformed input.
 *
 * Arrays are float32 with channels last. This file is compiled once for each width of vectors that the
 * processor family knows: `LANES` floats make one vector, and every public name ends in that number.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef _WIN32
#define PUBLIC __declspec(dllexport)
#else
#define PUBLIC __attribute__((visibility("default")))
#endif
#define JOINED(name, lanes) name##_##lanes
#define EXPANDED(name, lanes) JOINED(name, lanes)
#define NAME(name) EXPANDED(name, LANES)
#define INLINED static inline __attribute__((always_inline))

#define UNROLLED _Pragma("clang loop unroll(full)") for

typedef float vec __attribute__((vector_size(LANES * sizeof(float)), aligned(4)));
typedef int bits __attribute__((vector_size(LANES * sizeof(float)), aligned(4)));

enum { POINTS = 36, MOST_ROWS = 6, MOST_VECTORS = 4, MOST_MADE = 5 };

static const float A = 0.625f, B = 1.25f;

static size_t padded(size_t filters) { return (filters + LANES - 1) / LANES * LANES; }

/* How many floats the transformed kernels of a layer take. */
PUBLIC size_t NAME(kernels_size)(size_t channels, size_t filters) {
    return POINTS * channels * padded(filters);
}

/* How many floats of scratch a strip of so many tiles needs. */
PUBLIC size_t NAME(scratch_size)(size_t tiles, size_t channels, size_t filters) {
    size_t strip = POINTS * tiles * (channels + padded(filters));
    return 16 + strip + MOST_MADE * MOST_MADE * padded(filters) + channels;
}

/* Transform kernels (side, side, channels, filters).
 *
 * Within one point they are stored in the order in which `multiply` reads them: blocks of filters, and
 * in a block channel after channel. What pads the last vector must be zero already.
 */
PUBLIC void NAME(transform_kernels)(const float *kernels, float *made, size_t side, size_t channels,
                                    size_t filters) {
    const double a = A, b = B, points[5] = {0, a, -a, b, -b};
    const double others[5] = {a * a * b * b, 2 * a * a * (a * a - b * b), 2 * a * a * (a * a - b * b),
                              2 * b * b * (b * b - a * a), 2 * b * b * (b * b - a * a)};
    double g[6][5] = {{0}};
    for (size_t p = 0; p < 5; p++) {
        g[p][0] = 1 / others[p];
        for (size_t n = 1; n < side; n++) g[p][n] = g[p][n - 1] * points[p];
    }
    g[5][side - 1] = 1;
    size_t taps = side * side;
    float factors[POINTS][25];
    for (size_t p = 0; p < POINTS; p++)
        for (size_t n = 0; n < taps; n++)
            factors[p][n] = (float)(g[p / 6][n / side] * g[p % 6][n % side]);
    size_t step = channels * filters, wide = padded(filters), block = MOST_VECTORS * LANES;
    for (size_t first = 0; first < filters; first += block) {
        size_t held = filters - first < block ? filters - first : block;
        size_t width = wide - first < block ? wide - first : block;
        for (size_t c = 0; c < channels; c++) {
            const float *w = kernels + c * filters + first;
            for (size_t p = 0; p < POINTS; p++) {
                float *to = made + p * channels * wide + first * channels + c * width;
                for (size_t k = 0; k < held; k++) {
                    float sum = 0;
                    for (size_t n = 0; n < taps; n++) sum += factors[p][n] * w[n * step + k];
                    to[k] = sum;
                }
            }
        }
    }
}

/* A vector of which only `count` values are there, and back. */
INLINED vec load(const float *from, size_t count) {
    if (count == LANES) return *(const vec *)from;
    vec value = {0};
    memcpy(&value, from, count * sizeof(float));
    return value;
}

INLINED void store(float *to, vec value, size_t count) {
    if (count == LANES) *(vec *)to = value;
    else memcpy(to, &value, count * sizeof(float));
}

/* One axis of the input's transform, in place. */
INLINED void six(vec d[6]) {
    const float a2 = A * A, b2 = B * B;
    vec even_a = d[4] - b2 * d[2], odd_a = A * (d[3] - b2 * d[1]);
    vec even_b = d[4] - a2 * d[2], odd_b = B * (d[3] - a2 * d[1]);
    d[0] = a2 * b2 * d[0] - (a2 + b2) * d[2] + d[4];
    d[5] += a2 * b2 * d[1] - (a2 + b2) * d[3];
    d[1] = even_a + odd_a;
    d[2] = even_a - odd_a;
    d[3] = even_b + odd_b;
    d[4] = even_b - odd_b;
}

/* One axis of the way back, in place: six values to as many as a tile makes. */
INLINED void back(const size_t made, vec m[6]) {
    vec even_a = m[1] + m[2], odd_a = m[1] - m[2];
    vec even_b = m[3] + m[4], odd_b = m[3] - m[4];
    vec value[MOST_MADE] = {m[0] + even_a + even_b, A * odd_a + B * odd_b,
                            A * A * even_a + B * B * even_b, A * A * A * odd_a + B * B * B * odd_b,
                            A * A * A * A * even_a + B * B * B * B * even_b};
    value[made - 1] += m[5];
    UNROLLED(size_t n = 0; n < made; n++) m[n] = value[n];
}

/* One convolution: x (images, height, width, channels) to y (images, rows, columns, filters).
 *
 * `side` is that of the kernels, `pad` the number of zeros before the first row and column; `add` is null
 * or like y. With `spread` it is a transposed one: `filters` are four times those of y, by parity of row
 * and column, and y has twice the rows and columns given here.
 *
 * The tiles of all images are counted through, and worked at in strips of `strip` tiles; `next`, which
 * begins at 0, is the first tile that nobody has taken yet, so that several threads share the work.
 */
struct work {
    const float *x, *kernels, *bias, *add;
    float *y;
    size_t images, height, width, channels, rows, columns, filters;
    size_t side, pad, spread, relu, strip, next;
};

struct place {
    size_t image, row, column; /* of the first output value */
};

static size_t made_by_tile(const struct work *w) { return 7 - w->side; }
static size_t tiles_along(const struct work *w, size_t length) {
    size_t made = made_by_tile(w);
    return (length + (w->spread ? 1 : 0) + made - 1) / made;
}

static struct place place_of(const struct work *w, size_t tile) {
    size_t across = tiles_along(w, w->columns), each = across * tiles_along(w, w->rows);
    size_t made = made_by_tile(w);
    return (struct place){tile / each, made * (tile % each / across), made * (tile % across)};
}

/* The input under a strip of tiles to (36, tiles, channels). */
static void transform_input(const struct work *w, float *v, const float *zeros, size_t first,
                            size_t tiles) {
    size_t channels = w->channels;
    for (size_t t = 0; t < tiles; t++) {
        struct place at = place_of(w, first + t);
        const float *image = w->x + at.image * w->height * w->width * channels, *from[POINTS];
        size_t top = at.row - w->pad, left = at.column - w->pad; /* wraps below 0 */
        int whole = top < w->height && top + 6 <= w->height && left < w->width && left + 6 <= w->width;
        for (size_t i = 0; i < 6; i++)
            for (size_t j = 0; j < 6; j++) {
                int inside = whole || (top + i < w->height && left + j < w->width);
                size_t pixel = (top + i) * w->width + left + j;
                from[6 * i + j] = inside ? image + pixel * channels : zeros;
            }
        for (size_t c = 0; c < channels; c += LANES) {
            size_t count = channels - c < LANES ? channels - c : LANES;
            vec halfway[6][6], line[6];
            UNROLLED(size_t j = 0; j < 6; j++) {
                UNROLLED(size_t i = 0; i < 6; i++) line[i] = load(from[6 * i + j] + c, count);
                six(line);
                UNROLLED(size_t i = 0; i < 6; i++) halfway[i][j] = line[i];
            }
            UNROLLED(size_t i = 0; i < 6; i++) {
                six(halfway[i]);
                UNROLLED(size_t j = 0; j < 6; j++)
                store(v + ((6 * i + j) * tiles + t) * channels + c, halfway[i][j], count);
            }
        }
    }
}

/* (rows, channels) x (channels, vectors * LANES); both numbers are known to the compiler. */
INLINED void product(const size_t rows, const size_t vectors, const float *v, const float *u, float *m,
                     size_t channels, size_t wide) {
    vec sum[MOST_ROWS][MOST_VECTORS];
    for (size_t r = 0; r < rows; r++)
        for (size_t n = 0; n < vectors; n++) sum[r][n] = (vec){0};
    for (size_t c = 0; c < channels; c++) {
        vec kernel[MOST_VECTORS];
        for (size_t n = 0; n < vectors; n++) kernel[n] = *(const vec *)(u + (c * vectors + n) * LANES);
        for (size_t r = 0; r < rows; r++) {
            float value = v[r * channels + c];
            for (size_t n = 0; n < vectors; n++) sum[r][n] += value * kernel[n];
        }
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t n = 0; n < vectors; n++) *(vec *)(m + r * wide + n * LANES) = sum[r][n];
}

static void products(size_t rows, size_t vectors, const float *v, const float *u, float *m,
                     size_t channels, size_t wide) {
#define CASE(R, N) \
    case R * 8 + N: \
        product(R, N, v, u, m, channels, wide); \
        return;
#define CASES(R) CASE(R, 1) CASE(R, 2) CASE(R, 3) CASE(R, 4)
    switch (rows * 8 + vectors) { CASES(1) CASES(2) CASES(3) CASES(4) CASES(5) CASES(6) }
#undef CASES
#undef CASE
}

/* (36, tiles, channels) and the transformed kernels to (36, tiles, padded filters). */
static void multiply(const struct work *w, const float *v, float *m, size_t tiles) {
    size_t channels = w->channels, wide = padded(w->filters), block = MOST_VECTORS * LANES;
    size_t groups = (tiles + MOST_ROWS - 1) / MOST_ROWS;
    for (size_t p = 0; p < POINTS; p++)
        for (size_t k = 0; k < wide; k += block) {
            size_t vectors = (wide - k < block ? wide - k : block) / LANES;
            const float *kernels = w->kernels + p * channels * wide + k * channels;
            for (size_t g = 0; g < groups; g++) {
                size_t t = g * tiles / groups, rows = (g + 1) * tiles / groups - t;
                products(rows, vectors, v + (p * tiles + t) * channels, kernels,
                         m + (p * tiles + t) * wide + k, channels, wide);
            }
        }
}

/* One output value of all filters: the bias, what is to be added, and perhaps cut off below 0. */
INLINED void put(const struct work *w, const float *value, size_t place, size_t filters) {
    const vec zero = {0};
    for (size_t k = 0; k < filters; k += LANES) {
        size_t count = filters - k < LANES ? filters - k : LANES;
        vec sum = load(value + k, count) + load(w->bias + k, count);
        if (w->add) sum += load(w->add + place + k, count);
        if (w->relu) sum = (vec)((bits)sum & ~(sum < zero)); /* what is no number stays so */
        store(w->y + place + k, sum, count);
    }
}

/* The products of one tile to its output values, (made, made, padded filters). */
INLINED void transform_tile(const size_t made, const float *m, float *values, size_t step, size_t wide) {
    for (size_t k = 0; k < wide; k += LANES) {
        vec halfway[MOST_MADE][6], line[6];
        UNROLLED(size_t j = 0; j < 6; j++) {
            UNROLLED(size_t i = 0; i < 6; i++) line[i] = load(m + (6 * i + j) * step + k, LANES);
            back(made, line);
            UNROLLED(size_t i = 0; i < made; i++) halfway[i][j] = line[i];
        }
        UNROLLED(size_t i = 0; i < made; i++) {
            back(made, halfway[i]);
            UNROLLED(size_t j = 0; j < made; j++)
            store(values + (i * made + j) * wide + k, halfway[i][j], LANES);
        }
    }
}

/* Products back to the slice. */
static void transform_output(const struct work *w, const float *m, float *values, size_t first,
                             size_t tiles) {
    size_t filters = w->filters, wide = padded(filters), made = made_by_tile(w);
    size_t times = w->spread ? 2 : 1, own = filters / (times * times);
    for (size_t t = 0; t < tiles; t++) {
        switch (made) {
            case 2: transform_tile(2, m + t * wide, values, tiles * wide, wide); break;
            case 3: transform_tile(3, m + t * wide, values, tiles * wide, wide); break;
            case 4: transform_tile(4, m + t * wide, values, tiles * wide, wide); break;
            default: transform_tile(5, m + t * wide, values, tiles * wide, wide); break;
        }
        struct place at = place_of(w, first + t);
        for (size_t n = 0; n < made * made; n++)
            for (size_t parity = 0; parity < times * times; parity++) {
                size_t odd_row = parity / 2, odd_column = parity % 2;
                size_t row = at.row + n / made - odd_row, column = at.column + n % made - odd_column;
                if (row >= w->rows || column >= w->columns) continue; /* or wrapped below 0 */
                size_t line = (at.image * w->rows + row) * times + odd_row;
                size_t place = (line * w->columns + column) * times + odd_column;
                put(w, values + n * wide + parity * own, place * own, own);
            }
    }
}

/* Take strips of tiles until none is left; `scratch` belongs to the caller's thread alone. */
PUBLIC void NAME(convolve)(struct work *w, float *scratch) {
    size_t total = w->images * tiles_along(w, w->rows) * tiles_along(w, w->columns);
    float *v = scratch + (-(uintptr_t)scratch / sizeof(float)) % 16; /* where a line of cache begins */
    float *m = v + POINTS * w->strip * w->channels;
    float *values = m + POINTS * w->strip * padded(w->filters);
    float *zeros = values + MOST_MADE * MOST_MADE * padded(w->filters);
    memset(zeros, 0, w->channels * sizeof(float));
    for (;;) {
        size_t first = __atomic_fetch_add(&w->next, w->strip, __ATOMIC_RELAXED);
        if (first >= total) return;
        size_t tiles = total - first < w->strip ? total - first : w->strip;
        transform_input(w, v, zeros, first, tiles);
        multiply(w, v, m, tiles);
        transform_output(w, m, values, first, tiles);
    }
}
