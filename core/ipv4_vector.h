/* ipv4_vector.h: reads an IPv4 address sixteen bytes at a time, where the target's baseline has the instructions. The only place
 * with an `#if` for an instruction set. The form that every target has is feri_ipv4_read_scalar (ip_parse.c); the two are held
 * equal by tests/unit/test_ip_forms.c. FERI_NO_SIMD takes this one out. */
#ifndef FERI_IPV4_VECTOR_H
#define FERI_IPV4_VECTOR_H

#include "core/addr_cursor.h"

#if defined(FERI_NO_SIMD) || defined(__FRAMAC__)
#define FERI_HAS_IPV4_VECTOR 0
#elif defined(__SSE2__) || defined(_M_X64) || (defined(_M_IX86_FP) && _M_IX86_FP >= 2)
#define FERI_HAS_IPV4_VECTOR 1
#include <emmintrin.h>

/* A mask has LANE_BITS bits for each of the sixteen bytes, the first byte's lowest. */
typedef __m128i feri_lanes;
typedef uint32_t feri_lane_mask;
#define FERI_LANE_BITS 1u
#define FERI_LANE_FIRST_BITS 0xFFFFu

static inline feri_lanes feri_lanes_load(const char *bytes)
{
    return _mm_loadu_si128((const __m128i *)(const void *)bytes);
}

/* The eight bytes at `low`, then those at `high` without their first `drop` (at most 8); the rest is 0. */
static inline feri_lanes feri_lanes_load_halves(const char *low, const char *high, size_t drop)
{
    const __m128i bits = _mm_cvtsi32_si128((int)(8 * drop));
    const __m128i first = _mm_loadl_epi64((const __m128i *)(const void *)low);
    const __m128i second = _mm_srl_epi64(_mm_loadl_epi64((const __m128i *)(const void *)high), bits);
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
    return vcombine_u8(first, vreinterpret_u8_u64(vshl_u64(second, vdup_n_s64(-8 * (int64_t)drop))));
}

static inline void feri_lanes_store(uint8_t bytes[16], feri_lanes lanes)
{
    vst1q_u8(bytes, lanes);
}

/* Sixteen lanes of 0 or 0xFF as sixteen times four bits: narrowing by a shift is NEON's way round its missing movemask. */
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
static inline size_t feri_lane_mask_first(feri_lane_mask mask)
{
    unsigned long bit = 0;
#if defined(_M_IX86)
    _BitScanForward(&bit, (unsigned long)mask);
#else
    _BitScanForward64(&bit, mask);
#endif
    return bit / FERI_LANE_BITS;
}
#else
static inline size_t feri_lane_mask_first(feri_lane_mask mask)
{
    return (size_t)__builtin_ctzll(mask) / FERI_LANE_BITS;
}
#endif

static inline feri_lane_mask feri_lane_mask_without_first(feri_lane_mask mask)
{
    return mask & (mask - 1);
}

enum { FERI_IPV4_TEXT_SHORTEST = 7, FERI_IPV4_LANES = 16 };

/* The first sixteen of the `left` bytes that the cursor has (7 or more), with zeros where it has fewer. */
static inline feri_lanes feri_ipv4_vector_load(const feri_addr_cursor *cursor, size_t left)
{
    const char *const bytes = &cursor->text[cursor->index];
    FERI_ASSERT(left >= FERI_IPV4_TEXT_SHORTEST);
    if (left >= FERI_IPV4_LANES) {
        return feri_lanes_load(bytes);
    }
    if (left >= 8) {
        return feri_lanes_load_halves(bytes, &bytes[left - 8], FERI_IPV4_LANES - left);
    }
    char seven[8] = {bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], 0};
    return feri_lanes_load_halves(seven, seven, 8);
}

/* In each lane the value of the digits that end there (up to three of them), saturated, and in *over the lanes where that is no
 * octet. `digits` is 0 where is_digit is 0. */
static inline feri_lanes feri_ipv4_vector_values(feri_lanes digits, feri_lanes is_digit, feri_lane_mask *over)
{
    const feri_lanes ones = feri_lanes_from_previous(digits);
    const feri_lanes tens = feri_lanes_from_previous(feri_lanes_and(ones, is_digit));
    const feri_lanes tens_2 = feri_lanes_add(tens, tens);
    const feri_lanes tens_8 = feri_lanes_add(feri_lanes_add(tens_2, tens_2), feri_lanes_add(tens_2, tens_2));
    const feri_lanes front = feri_lanes_add(ones, feri_lanes_add(tens_8, tens_2)); /* all but the last digit: at most 99 */
    const feri_lanes front_2 = feri_lanes_add(front, front);
    const feri_lanes front_8 = feri_lanes_add(feri_lanes_add(front_2, front_2), feri_lanes_add(front_2, front_2));
    const feri_lanes front_10 = feri_lanes_add(front_8, front_2); /* exact up to 250; a front above 25 is refused by itself */
    const feri_lanes value = feri_lanes_add_saturated(front_10, digits);
    const feri_lanes carried = feri_lanes_xor(value, feri_lanes_add(front_10, digits));
    const feri_lanes excess = feri_lanes_or(carried, feri_lanes_sub_saturated(front, feri_lanes_of(25)));
    *over = ~feri_lanes_mask(feri_lanes_equal(excess, feri_lanes_of(0)));
    return value;
}

/* Whether digits and dots, as masks of the lanes before the first other byte, make four numbers without leading zeros. */
static inline bool feri_ipv4_vector_is_regular(feri_lane_mask digits, feri_lane_mask dots, feri_lane_mask zeros, feri_lane_mask over)
{
    const feri_lane_mask has_next = digits & (digits >> FERI_LANE_BITS);
    const feri_lane_mask starts = digits & ~(digits << FERI_LANE_BITS);
    const feri_lane_mask four_long = has_next & (has_next >> (2 * FERI_LANE_BITS));
    const feri_lane_mask faults = (digits & over) | (starts & zeros & has_next) | four_long;
    const feri_lane_mask ends = digits & ~(digits >> FERI_LANE_BITS) & FERI_LANE_FIRST_BITS;
    const feri_lane_mask dot = dots & FERI_LANE_FIRST_BITS;
    const feri_lane_mask after_3_ends = feri_lane_mask_without_first(feri_lane_mask_without_first(feri_lane_mask_without_first(ends)));
    const feri_lane_mask after_3_dots = feri_lane_mask_without_first(feri_lane_mask_without_first(feri_lane_mask_without_first(dot)));
    const feri_lane_mask surplus = feri_lane_mask_without_first(after_3_ends) | after_3_dots;
    return after_3_ends != 0 && (faults | surplus) == 0; /* four numbers need three dots: no more than those, so none is astray */
}

/* Reads the address that begins at the cursor and ends before the first byte that is neither digit nor dot. */
static inline bool feri_ipv4_vector_read(feri_addr_cursor *cursor, uint8_t octets[4])
{
    const size_t left = cursor->len - cursor->index;
    if (left < FERI_IPV4_TEXT_SHORTEST) {
        return false;
    }
    const feri_lanes bytes = feri_ipv4_vector_load(cursor, left);
    const feri_lanes raw = feri_lanes_sub(bytes, feri_lanes_of('0'));
    const feri_lanes is_digit = feri_lanes_at_most(raw, feri_lanes_of(9));
    const feri_lane_mask digit_mask = feri_lanes_mask(is_digit);
    const feri_lane_mask dot_mask = feri_lanes_mask(feri_lanes_equal(bytes, feri_lanes_of('.')));
    const feri_lane_mask zero_mask = feri_lanes_mask(feri_lanes_equal(bytes, feri_lanes_of('0')));
    const feri_lane_mask known = digit_mask | dot_mask;
    const feri_lane_mask stop = ~known & (known + 1); /* the first lane that is neither */
    const feri_lane_mask within = stop - 1;
    feri_lane_mask over = 0;
    const feri_lanes values = feri_ipv4_vector_values(feri_lanes_and(raw, is_digit), is_digit, &over);
    if (!feri_ipv4_vector_is_regular(digit_mask & within, dot_mask & within, zero_mask, over)) {
        return false;
    }
    uint8_t value_bytes[16];
    feri_lanes_store(value_bytes, values);
    feri_lane_mask ends = digit_mask & ~((digit_mask & within) >> FERI_LANE_BITS) & within & FERI_LANE_FIRST_BITS;
    for (size_t i = 0; i < 4; i++) {
        FERI_ASSERT(ends != 0);
        octets[i] = value_bytes[feri_lane_mask_first(ends)];
        ends = feri_lane_mask_without_first(ends);
    }
    FERI_ASSERT(stop != 0);
    cursor->index += feri_lane_mask_first(stop);
    return true;
}

#endif

#endif
