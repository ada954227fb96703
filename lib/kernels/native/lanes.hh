/**
 * Vectors of coordinates, as wide as the processor's registers, and elementary functions on them: the C++ of
 * assembly/simd-math.ts, with the same constants and bounds.
 */
#pragma once
#include <cstdint>

namespace stepwise {

#if defined(__AVX512F__)
constexpr int vectorBytes = 64;
constexpr int vectorRegisters = 32;
#elif defined(__AVX2__) && defined(__FMA__)
constexpr int vectorBytes = 32;
constexpr int vectorRegisters = 16;
#elif defined(__aarch64__)
constexpr int vectorBytes = 16;
constexpr int vectorRegisters = 32;
#else
#error "The native kernels need AVX2 with FMA, AVX-512 or NEON: on this processor, use --backend wasm."
#endif
typedef float Lanes __attribute__((vector_size(vectorBytes)));
typedef std::int32_t IntegerLanes __attribute__((vector_size(vectorBytes)));
constexpr int lanesInVector = vectorBytes / 4;

inline Lanes splat(float value) { return Lanes{} + value; }

/**
 * tanh x as an odd rational function of degree 13 over 6, the minimax fit that Eigen uses (ptanh_float). Absolute error
 * ≤ 4e-7; beyond ±7.9053 the value is that of the bound. Written so that a NaN stays.
 */
inline Lanes tanh(Lanes value) {
  constexpr float limit = 7.90531110763549805f;
  Lanes x = splat(limit) < value ? splat(limit) : value;
  x = x < splat(-limit) ? splat(-limit) : x;
  const Lanes square = x * x;
  Lanes numerator = square * -2.76076847742355e-16f + 2.00018790482477e-13f;
  numerator = square * numerator + -8.60467152213735e-11f;
  numerator = square * numerator + 5.12229709037114e-8f;
  numerator = square * numerator + 1.48572235717979e-5f;
  numerator = square * numerator + 6.37261928875436e-4f;
  numerator = square * numerator + 4.89352455891786e-3f;
  Lanes denominator = square * 1.19825839466702e-6f + 1.18534705686654e-4f;
  denominator = square * denominator + 2.26843463243900e-3f;
  denominator = square * denominator + 4.89352518554385e-3f;
  return x * numerator / denominator;
}

/**
 * ln x for normal x > 0 (Cephes logf): x = m·2^e with m in [√½, √2). Relative error ≤ 2e-7 away from 1. ln ∞ = ∞; other
 * arguments, NaN too, are the caller's to exclude.
 */
inline Lanes log(Lanes x) {
  constexpr std::int32_t rootHalf = 0x3f3504f3;
  const IntegerLanes shifted = (IntegerLanes)x - rootHalf;
  const Lanes e = __builtin_convertvector(shifted >> 23, Lanes);
  const Lanes m = (Lanes)((shifted & 0x007fffff) + rootHalf) - 1.0f;
  const Lanes square = m * m;
  Lanes series = m * 7.0376836292e-2f + -1.1514610310e-1f;
  series = m * series + 1.1676998740e-1f;
  series = m * series + -1.2420140846e-1f;
  series = m * series + 1.4249322787e-1f;
  series = m * series + -1.6668057665e-1f;
  series = m * series + 2.0000714765e-1f;
  series = m * series + -2.4999993993e-1f;
  series = m * series + 3.3333331174e-1f;
  series = m * square * series;
  series = e * -2.12194440e-4f + series;
  series = square * -0.5f + series;
  const Lanes value = e * 0.693359375f + (m + series);
  return x > splat(3.4028234663852886e38f) ? x : value;
}

inline Lanes magnitude(Lanes x) { return (Lanes)((IntegerLanes)x & 0x7fffffff); }

/** ±1 with the sign of x. */
inline Lanes signOf(Lanes x) {
  return (Lanes)(((IntegerLanes)x & INT32_MIN) | (IntegerLanes)splat(1));
}

/** Σ over its lanes, always in the same order. */
inline float sumOf(Lanes value) {
  float sum = 0;
  for (int lane = 0; lane < lanesInVector; lane++) sum += value[lane];
  return sum;
}

/** Lanes of `a`, then of `b`: of each pair of runs of `Kept` lanes the sum. */
template <int Kept>
inline Lanes fold(Lanes a, Lanes b) {
  IntegerLanes first{}, second{};
  for (int lane = 0; lane < lanesInVector; lane++) {
    const int place = lane % Kept + lane / Kept * 2 * Kept;
    first[lane] = place;
    second[lane] = place + Kept;
  }
  return __builtin_shuffle(a, b, first) + __builtin_shuffle(a, b, second);
}

/** Lane k: Σ over the lanes of `values[k]`. */
template <int Kept = lanesInVector / 2>
inline Lanes sumEach(const Lanes *values) {
  Lanes folded[Kept];
  for (int i = 0; i < Kept; i++) folded[i] = fold<Kept>(values[2 * i], values[2 * i + 1]);
  if constexpr (Kept == 1) return folded[0];
  else return sumEach<Kept / 2>(folded);
}

}  // namespace stepwise
