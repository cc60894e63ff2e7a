/* ipv4_vector.h: parses an IPv4 address sixteen bytes at a time, if the target's baseline has the
 * instructions. The only file with an `#if` for an instruction set. The portable form is
 * feri_ipv4_match_scalar (ip_parse.c); tests/unit/test_ip_forms.c checks that the two agree.
 * FERI_NO_SIMD disables this one. */
#ifndef FERI_IPV4_VECTOR_H
#define FERI_IPV4_VECTOR_H

#include "core/address/ip_parse.h"
#include "core/base/compiler.h"

#if defined(FERI_NO_SIMD) || defined(__FRAMAC__)
#define FERI_HAS_IPV4_VECTOR 0
#elif defined(__SSE2__) || defined(_M_X64) || (defined(_M_IX86_FP) && _M_IX86_FP >= 2)
#define FERI_HAS_IPV4_VECTOR 1
#include <emmintrin.h>

/* A mask has FERI_LANE_BITS bits for each of the sixteen bytes, the first byte's lowest. */
typedef __m128i feri_lanes;
typedef uint32_t feri_lane_mask;
#define FERI_LANE_BITS 1u
#define FERI_LANE_FIRST_BITS 0xFFFFu

static inline feri_lanes feri_lanes_load(const char *bytes)
{
    return _mm_loadu_si128((const __m128i *)(const void *)bytes);
}

/* The eight bytes at `low`, then those at `high` without their first `drop` (at most 8); the rest
 * is 0. */
static inline feri_lanes feri_lanes_load_halves(const char *low, const char *high, size_t drop)
{
    const __m128i bits = _mm_cvtsi32_si128((int)(8 * drop));
    const __m128i first = _mm_loadl_epi64((const __m128i *)(const void *)low);
    const __m128i second =
        _mm_srl_epi64(_mm_loadl_epi64((const __m128i *)(const void *)high), bits);
    return _mm_unpacklo_epi64(first, second);
}

static inline void feri_lanes_store(uint8_t bytes[16], feri_lanes lanes)
{
    _mm_storeu_si128((__m128i *)(void *)bytes, lanes);
}

#define feri_lanes_of(byte) _mm_set1_epi8((char)(byte))
#define feri_lanes_and(a, b) _mm_and_si128(a, b)
#define feri_lanes_or(a, b) _mm_or_si128(a, b)
#define feri_lanes_xor(a, b) _mm_xor_si128(a, b)
#define feri_lanes_add(a, b) _mm_add_epi8(a, b)
#define feri_lanes_add_saturated(a, b) _mm_adds_epu8(a, b)
#define feri_lanes_sub(a, b) _mm_sub_epi8(a, b)
#define feri_lanes_sub_saturated(a, b) _mm_subs_epu8(a, b)
#define feri_lanes_equal(a, b) _mm_cmpeq_epi8(a, b)
#define feri_lanes_at_most(a, b) _mm_cmpeq_epi8(_mm_min_epu8(a, b), a)
#define feri_lanes_from_previous(a) _mm_slli_si128(a, 1)
#define feri_lanes_mask(a) ((feri_lane_mask)_mm_movemask_epi8(a))

#elif (defined(__aarch64__) && !defined(__AARCH64EB__)) || defined(_M_ARM64)
#define FERI_HAS_IPV4_VECTOR 1
#include <arm_neon.h>

typedef uint8x16_t feri_lanes;
typedef uint64_t feri_lane_mask;
#define FERI_LANE_BITS 4u
#define FERI_LANE_FIRST_BITS UINT64_C(0x1111111111111111)

static inline feri_lanes feri_lanes_load(const char *bytes)
{
    return vld1q_u8((const uint8_t *)bytes);
}

static inline feri_lanes feri_lanes_load_halves(const char *low, const char *high, size_t drop)
{
    const uint8x8_t first = vld1_u8((const uint8_t *)low);
    const uint64x1_t second = vreinterpret_u64_u8(vld1_u8((const uint8_t *)high));
    return vcombine_u8(first,
                       vreinterpret_u8_u64(vshl_u64(second, vdup_n_s64(-8 * (int64_t)drop))));
}

static inline void feri_lanes_store(uint8_t bytes[16], feri_lanes lanes)
{
    vst1q_u8(bytes, lanes);
}

/* Converts sixteen lanes of 0 or 0xFF to sixteen times four bits. NEON has no movemask, and a
 * narrowing shift replaces it. */
static inline feri_lane_mask feri_lanes_mask(feri_lanes lanes)
{
    const uint8x8_t nibbles = vshrn_n_u16(vreinterpretq_u16_u8(lanes), 4);
    return vget_lane_u64(vreinterpret_u64_u8(nibbles), 0);
}

#define feri_lanes_of(byte) vdupq_n_u8((uint8_t)(byte))
#define feri_lanes_and(a, b) vandq_u8(a, b)
#define feri_lanes_or(a, b) vorrq_u8(a, b)
#define feri_lanes_xor(a, b) veorq_u8(a, b)
#define feri_lanes_add(a, b) vaddq_u8(a, b)
#define feri_lanes_add_saturated(a, b) vqaddq_u8(a, b)
#define feri_lanes_sub(a, b) vsubq_u8(a, b)
#define feri_lanes_sub_saturated(a, b) vqsubq_u8(a, b)
#define feri_lanes_equal(a, b) vceqq_u8(a, b)
#define feri_lanes_at_most(a, b) vcleq_u8(a, b)
#define feri_lanes_from_previous(a) vextq_u8(vdupq_n_u8(0), a, 15)

#else
#define FERI_HAS_IPV4_VECTOR 0
#endif

#if FERI_HAS_IPV4_VECTOR

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
static inline uint32_t feri_lane_mask_first(feri_lane_mask mask)
{
    unsigned long bit = 0;
#if defined(_M_IX86)
    _BitScanForward(&bit, (unsigned long)mask);
#else
    _BitScanForward64(&bit, mask);
#endif
    return (uint32_t)bit / FERI_LANE_BITS;
}
#else
static inline uint32_t feri_lane_mask_first(feri_lane_mask mask)
{
    return (uint32_t)(sizeof mask > sizeof(unsigned) ? __builtin_ctzll(mask)
                                                     : __builtin_ctz((unsigned)mask)) /
           FERI_LANE_BITS;
}
#endif

static inline feri_lane_mask feri_lane_mask_without_first(feri_lane_mask mask)
{
    return mask & (mask - 1);
}

enum { FERI_IPV4_TEXT_SHORTEST = 7, FERI_IPV4_LANES = 16 };

/* The first sixteen of `left` bytes (7 or more), padded with zeros. */
static inline feri_lanes feri_ipv4_vector_load(const char *bytes, size_t left)
{
    FERI_ASSERT(left >= FERI_IPV4_TEXT_SHORTEST);
    if (left >= FERI_IPV4_LANES) {
        return feri_lanes_load(bytes);
    }
    if (left >= 8) {
        return feri_lanes_load_halves(bytes, &bytes[left - 8], FERI_IPV4_LANES - left);
    }
    const char seven[8] = {bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], 0};
    return feri_lanes_load_halves(seven, seven, 8);
}

/* For each lane with the last digit of a number, the properties of that number. */
typedef struct feri_ipv4_lanes {
    feri_lanes value;          /* of up to three digits; unspecified above 255 */
    feri_lane_mask over;       /* above 255 */
    feri_lane_mask front_is_0; /* 0 except for its last digit */
} feri_ipv4_lanes;

/* `digits` is 0 in each lane where is_digit is 0. */
static inline feri_ipv4_lanes feri_ipv4_vector_values(feri_lanes digits, feri_lanes is_digit)
{
    const feri_lanes zero = feri_lanes_of(0);
    const feri_lanes ones = feri_lanes_from_previous(digits);
    const feri_lanes tens = feri_lanes_from_previous(feri_lanes_and(ones, is_digit));
    const feri_lanes tens_2 = feri_lanes_add(tens, tens);
    const feri_lanes tens_4 = feri_lanes_add(tens_2, tens_2);
    /* the number without its last digit */
    const feri_lanes front =
        feri_lanes_add(feri_lanes_add(ones, tens_2), feri_lanes_add(tens_4, tens_4));
    const feri_lanes front_2 = feri_lanes_add(front, front);
    const feri_lanes front_4 = feri_lanes_add(front_2, front_2);
    /* wraps if front is above 25 */
    const feri_lanes front_10 = feri_lanes_add(front_2, feri_lanes_add(front_4, front_4));
    const feri_lanes value = feri_lanes_add_saturated(front_10, digits);
    const feri_lanes carried = feri_lanes_xor(value, feri_lanes_add(front_10, digits));
    const feri_lanes excess =
        feri_lanes_or(carried, feri_lanes_sub_saturated(front, feri_lanes_of(25)));
    const feri_ipv4_lanes lanes = {value, ~feri_lanes_mask(feri_lanes_equal(excess, zero)),
                                   feri_lanes_mask(feri_lanes_equal(front, zero))};
    return lanes;
}

/* The lanes that violate the grammar: numbers from 0 to 255 with one dot between. digits and dots
 * are masks of the lanes before the first other byte. */
static inline feri_lane_mask feri_ipv4_vector_faults(feri_lane_mask digits, feri_lane_mask dots,
                                                     const feri_ipv4_lanes *lanes)
{
    const feri_lane_mask after_digit = digits << FERI_LANE_BITS;
    const feri_lane_mask second = digits & after_digit; /* a digit after a digit */
    const feri_lane_mask fourth = second & (second << (2 * FERI_LANE_BITS));
    const feri_lane_mask lone_dot = dots & ~(after_digit & (digits >> FERI_LANE_BITS));
    return (digits & lanes->over) | (second & lanes->front_is_0) | fourth | lone_dot;
}

/* As feri_ipv4_match_fast. The address must end before the first byte that is neither digit nor
 * dot. */
static inline feri_ipv4_match feri_ipv4_vector_match(const char *text, size_t len, size_t index)
{
    const feri_ipv4_match none = {0, 0};
    if (len - index < FERI_IPV4_TEXT_SHORTEST) {
        return none;
    }
    const feri_lanes bytes = feri_ipv4_vector_load(&text[index], len - index);
    const feri_lanes raw = feri_lanes_sub(bytes, feri_lanes_of('0'));
    const feri_lanes is_digit = feri_lanes_at_most(raw, feri_lanes_of(9));
    const feri_lane_mask digit_mask = feri_lanes_mask(is_digit);
    const feri_lane_mask dot_mask = feri_lanes_mask(feri_lanes_equal(bytes, feri_lanes_of('.')));
    const feri_lane_mask known = digit_mask | dot_mask;
    const feri_lane_mask stop = ~known & (known + 1); /* the first lane that is neither */
    const feri_lane_mask digits = digit_mask & (stop - 1);
    const feri_ipv4_lanes lanes = feri_ipv4_vector_values(feri_lanes_and(raw, is_digit), is_digit);
    const feri_lane_mask faults = feri_ipv4_vector_faults(digits, dot_mask & (stop - 1), &lanes);
    /* the last digit of each number */
    const feri_lane_mask a = digits & ~(digits >> FERI_LANE_BITS) & FERI_LANE_FIRST_BITS;
    const feri_lane_mask b = feri_lane_mask_without_first(a);
    const feri_lane_mask c = feri_lane_mask_without_first(b);
    const feri_lane_mask d = feri_lane_mask_without_first(c);
    if (d == 0 || (faults | feri_lane_mask_without_first(d)) != 0) {
        return none;
    }
    FERI_ASSERT(stop != 0);
    uint8_t value[FERI_IPV4_LANES];
    feri_lanes_store(value, lanes.value);
    const feri_ipv4_match match = {(uint32_t)value[feri_lane_mask_first(a)] << 24 |
                                       (uint32_t)value[feri_lane_mask_first(b)] << 16 |
                                       (uint32_t)value[feri_lane_mask_first(c)] << 8 |
                                       value[feri_lane_mask_first(d)],
                                   (uint32_t)index + feri_lane_mask_first(stop)};
    return match;
}

#endif

#endif
